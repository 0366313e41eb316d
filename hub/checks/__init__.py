"""What has to be right around the hub: looked at before a start, watched after, listed by `hub doctor`."""
