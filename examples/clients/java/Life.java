import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.kafka.CloudEventSerializer;
import java.io.FileReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The life of a citizen's dossier over Kafka, with the SDK of CloudEvents: `java Life.java COUNTER.properties
 * AGENCY.properties`, files as `hub participants add` prints them for Java. TOPIC_PREFIX: what stands before the
 * hub's topics, if anything does.
 */
public class Life {
  static final String PREFIX = System.getenv().getOrDefault("TOPIC_PREFIX", "");
  static final ObjectMapper JSON = new ObjectMapper();

  /** Writes its own `in.` topic and reads its own `out.` topic. */
  static class Participant implements AutoCloseable {
    final String name;
    final KafkaProducer<String, CloudEvent> producer;
    final KafkaConsumer<String, CloudEvent> consumer;
    final List<ConsumerRecord<String, CloudEvent>> messages = new ArrayList<>();

    Participant(String file) throws IOException {
      Properties settings = new Properties();
      settings.load(new FileReader(file, StandardCharsets.UTF_8));
      String user = settings.getProperty("sasl.jaas.config").replaceFirst("(?s).*username=\"([^\"]+)\".*", "$1");
      name = user.substring(PREFIX.length());
      Properties writing = new Properties();
      writing.putAll(settings);
      writing.put("acks", "all");
      writing.put("enable.idempotence", "true");
      producer = new KafkaProducer<>(writing, new StringSerializer(), new CloudEventSerializer());
      Properties reading = new Properties();
      reading.putAll(settings);
      reading.put("group.id", user);
      reading.put("auto.offset.reset", "earliest");
      reading.put("enable.auto.commit", "false");
      consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new CloudEventDeserializer());
      consumer.subscribe(List.of(PREFIX + "out." + name));
    }

    /** Sends a request; the data of its receipt. */
    JsonNode ask(String kind, String subject, String data) throws Exception {
      CloudEvent event = CloudEventBuilder.v1()
          .withId(UUID.randomUUID().toString()).withSource(URI.create("/participants/" + name))
          .withType("onestop." + kind + ".v1").withTime(OffsetDateTime.now()).withSubject(subject)
          .withData("application/json", data.getBytes(StandardCharsets.UTF_8)).build();
      // The key is the subject. When this fails, send the same event again, with the same id.
      producer.send(new ProducerRecord<>(PREFIX + "in." + name, subject, event)).get();
      CloudEvent receipt = until(told -> dataOf(told.value()).path("request").asText().equals(event.getId())).value();
      if (!receipt.getType().equals("onestop.receipt.accepted.v1")) {
        throw new IllegalStateException(kind + " was refused: " + dataOf(receipt));
      }
      System.out.println(name + ": " + kind + " accepted");
      return dataOf(receipt);
    }

    /** Waits until the hub tells this fact of the dossier; the key of each message is the dossier's id. */
    void waitFor(String kind, String dossier) {
      until(told -> told.value().getType().equals("onestop." + kind + ".v1") && dossier.equals(told.key()));
      System.out.println(name + ": was told " + kind);
    }

    ConsumerRecord<String, CloudEvent> until(Predicate<ConsumerRecord<String, CloudEvent>> isWanted) {
      while (true) {
        var found = messages.stream().filter(isWanted).findFirst();
        if (found.isPresent()) return found.get();
        consumer.poll(Duration.ofSeconds(1)).forEach(messages::add);
        consumer.commitSync(); // what was handled is not read again
      }
    }

    @Override
    public void close() {
      producer.close();
      consumer.close();
    }
  }

  static JsonNode dataOf(CloudEvent event) {
    try {
      return JSON.readTree(event.getData().toBytes());
    } catch (IOException wrong) {
      throw new IllegalStateException(wrong);
    }
  }

  public static void main(String[] files) throws Exception {
    try (Participant counter = new Participant(files[0]); Participant agency = new Participant(files[1])) {
      String person = """
          "name": "Nguyễn Văn Thử", "identity_number": "083090000001", "birth_date": "1990-01-02" """;
      String officer = """
          {"account": "canbo.mau", "name": "Lê Thị Thí Dụ"}""";
      String head = """
          {"account": "lanhdao.mau", "name": "Phạm Thị Lãnh Đạo Mẫu"}""";
      String components = """
          [{"code": "000.00.00.G15-KQ003448", "originals": 1}]""";
      // The other papers that are published for this procedure: the officer confirms that nobody needs them here.
      String absent = """
          ["000.00.00.G15-KQ003453", "000.00.00.G15-KQ003454", "000.00.00.G15-KQ004946",
           "000.00.00.G15-KQ003785", "000.00.00.G15-KQ004012"]""";

      String dossier = counter.ask("dossier.submit", "ref:HS-" + UUID.randomUUID(), """
          {"procedure": "1.004873", "organisation": "000.12.34.H07", "agency": "000.12.35.H07",
           "channel": "in_person", "return_channel": "in_person", "applicant": {"kind": "citizen", %s},
           "components": %s}""".formatted(person, components)).get("dossier").asText();
      counter.waitFor("dossier.submitted", dossier);
      counter.ask("identity.verify", dossier, """
          {"person": {%s}, "officer_account": "canbo.mau"}""".formatted(person));
      counter.waitFor("identity.matched", dossier);
      String code = counter.ask("dossier.accept", dossier, """
          {"officer": %s, "components": %s, "not_needed": %s}""".formatted(officer, components, absent))
          .get("code").asText();
      counter.ask("dossier.forward", code, """
          {"officer": %s, "to": "000.12.35.H07"}""".formatted(officer));

      agency.waitFor("dossier.forwarded", dossier);
      agency.ask("dossier.receive", code, """
          {"officer": %s}""".formatted(head));
      agency.ask("case.assign", code, """
          {"assignee": {"account": "chuyenvien.mau", "name": "Đỗ Văn Ví Dụ"}}""");
      agency.ask("result.issue", code, """
          {"papers": [{"code": "KQ.G15.000038", "number": "0001/GIA-DINH"}], "signer": %s}""".formatted(head));

      counter.waitFor("result.issued", dossier);
      counter.ask("result.return", code, """
          {"channel": "in_person", "papers": ["KQ.G15.000038"], "received_by": "Nguyễn Văn Thử"}""");
      counter.waitFor("result.returned", dossier);
      System.out.println("returned: " + code);
    }
  }
}
