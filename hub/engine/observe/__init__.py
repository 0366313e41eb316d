"""What an engine shows of itself: metrics, gauges, lag, health."""
