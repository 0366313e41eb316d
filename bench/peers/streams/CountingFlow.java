import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams, exactly once: RocksDB with changelog topics, state, outputs and offsets in one Kafka transaction.
 * Runs until SIGTERM; ends with status 1 when the stream fails.
 */
public class CountingFlow {
  static final ObjectMapper JSON = new ObjectMapper();
  static final String SEEN = "seen", COUNTED = "counted";
  static final byte[] THERE = {1};

  /** One key per id that was seen, one count per dossier; a repeat gives nothing. */
  static class Count implements Processor<byte[], byte[], byte[], byte[]> {
    ProcessorContext<byte[], byte[]> context;
    KeyValueStore<String, byte[]> seen;
    KeyValueStore<String, Integer> counted;

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
      this.context = context;
      seen = context.getStateStore(SEEN);
      counted = context.getStateStore(COUNTED);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      String id = new String(record.headers().lastHeader("ce_id").value(), StandardCharsets.UTF_8);
      if (seen.putIfAbsent(id, THERE) != null) return;
      try {
        ObjectNode event = (ObjectNode) JSON.readTree(record.value());
        String dossier = event.get("dossier").textValue();
        Integer before = counted.get(dossier);
        int count = before == null ? 1 : before + 1;
        counted.put(dossier, count);
        event.put("id", id).put("count", count);
        context.forward(new Record<>(record.key(), JSON.writeValueAsBytes(event), record.timestamp()));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }

  static Topology topology(String input, String output) {
    Topology topology = new Topology();
    topology.addSource("in", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), input);
    topology.addProcessor("count", Count::new, "in");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(SEEN), Serdes.String(), Serdes.ByteArray()),
        "count");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(COUNTED), Serdes.String(), Serdes.Integer())
            .withCachingEnabled(),
        "count");
    topology.addSink(
        "out", output, Serdes.ByteArray().serializer(), Serdes.ByteArray().serializer(), "count");
    return topology;
  }

  /** The connection and waits of all peers; the commit interval (100 ms) and one thread are Kafka Streams' own. */
  static Properties settings(Map<String, String> env) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, env.get("BENCH_GROUP"));
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env.get("BENCH_BOOTSTRAP"));
    settings.put(StreamsConfig.STATE_DIR_CONFIG, env.get("BENCH_STATE"));
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.consumerPrefix("fetch.max.wait.ms"), 10);
    settings.put(StreamsConfig.consumerPrefix("session.timeout.ms"), 30_000);
    settings.put(StreamsConfig.producerPrefix("transaction.timeout.ms"), 30_000);
    settings.put("security.protocol", "SASL_PLAINTEXT");
    settings.put("sasl.mechanism", "SCRAM-SHA-512");
    settings.put(
        "sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";"
            .formatted(env.get("BENCH_USER"), env.get("BENCH_PASSWORD")));
    return settings;
  }

  public static void main(String[] arguments) {
    Map<String, String> env = System.getenv();
    KafkaStreams streams = new KafkaStreams(topology(env.get("BENCH_IN"), env.get("BENCH_OUT")), settings(env));
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.ERROR) Runtime.getRuntime().halt(1);
        });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
    streams.start();
  }
}
