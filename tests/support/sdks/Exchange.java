import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.message.Encoding;
import io.cloudevents.core.message.MessageWriter;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.kafka.CloudEventSerializer;
import io.cloudevents.kafka.PartitionKeyExtensionInterceptor;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The SDK of CloudEvents for Java: sends in every mode and reads what comes back. `Exchange kafka|http`. */
public class Exchange {
  static final ObjectMapper JSON = new ObjectMapper();
  static JsonNode given;

  public static void main(String[] words) throws Exception {
    given = JSON.readTree(System.getenv("EXCHANGE"));
    if (words[0].equals("kafka")) overKafka(); else overHttp();
  }

  static String text(String name) {
    return given.get(name).asText();
  }

  static CloudEvent fresh(boolean hasContentType) throws Exception {
    String subject = "ref:Mã-" + UUID.randomUUID();
    byte[] data = JSON.writeValueAsBytes(given.get("data"));
    CloudEventBuilder event = CloudEventBuilder.v1()
        .withId(UUID.randomUUID().toString()).withSource(URI.create("/participants/" + text("name")))
        .withType("onestop.dossier.submit.v1").withTime(OffsetDateTime.now()).withSubject(subject)
        .withExtension("partitionkey", subject);
    return (hasContentType ? event.withData("application/json", data) : event.withData(data)).build();
  }

  static void tell(String way, String id, CloudEvent receipt) throws Exception {
    ObjectNode told = (ObjectNode) JSON.readTree(receipt.getData().toBytes());
    told.put("type", receipt.getType());
    System.out.println(JSON.writeValueAsString(Map.of("way", way, "id", id, "receipt", told)));
  }

  static Properties connection() {
    Properties made = new Properties();
    made.put("bootstrap.servers", text("bootstrap"));
    made.put("security.protocol", "SASL_PLAINTEXT");
    made.put("sasl.mechanism", "SCRAM-SHA-512");
    made.put("sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required username=\""
        + text("user") + "\" password=\"" + text("password") + "\";");
    return made;
  }

  static void overKafka() throws Exception {
    Map<String, String> waited = new HashMap<>();
    for (Encoding mode : Encoding.values()) {
      Properties settings = connection();
      settings.put(CloudEventSerializer.ENCODING_CONFIG, mode);
      settings.put(CloudEventSerializer.EVENT_FORMAT_CONFIG, JsonFormat.CONTENT_TYPE);
      settings.put("interceptor.classes", PartitionKeyExtensionInterceptor.class.getName());
      settings.put("key.serializer", StringSerializer.class);
      settings.put("value.serializer", CloudEventSerializer.class);
      settings.put("acks", "all");
      try (KafkaProducer<String, CloudEvent> producer = new KafkaProducer<>(settings)) {
        for (boolean has : new boolean[] {true, false}) {
          CloudEvent event = fresh(has);
          waited.put(event.getId(), mode.name().toLowerCase() + " " + has);
          producer.send(new ProducerRecord<>(text("in"), event)).get();
        }
      }
    }
    Properties settings = connection();
    settings.put("group.id", text("group"));
    settings.put("auto.offset.reset", "earliest");
    settings.put("key.deserializer", StringDeserializer.class);
    settings.put("value.deserializer", CloudEventDeserializer.class);
    try (KafkaConsumer<String, CloudEvent> consumer = new KafkaConsumer<>(settings)) {
      consumer.subscribe(List.of(text("out")));
      while (!waited.isEmpty()) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          CloudEvent event = record.value();
          String request = JSON.readTree(event.getData().toBytes()).path("request").asText();
          if (event.getType().contains(".receipt.") && waited.containsKey(request)) {
            tell(waited.remove(request), request, event);
          }
        }
      }
    }
  }

  static final HttpClient CLIENT = HttpClient.newHttpClient();

  static HttpRequest.Builder asking(String path) {
    return HttpRequest.newBuilder(URI.create(text("gateway") + path)).header("authorization", "Bearer " + text("token"));
  }

  static CloudEvent receiptOf(HttpResponse<byte[]> answer) throws Exception {
    if (answer.statusCode() == 202) {
      String place = answer.headers().firstValue("location").orElseThrow() + "?wait=30";
      answer = CLIENT.send(asking(place).build(), HttpResponse.BodyHandlers.ofByteArray());
    }
    if (answer.statusCode() != 200) throw new IllegalStateException(new String(answer.body(), StandardCharsets.UTF_8));
    return HttpMessageFactory.createReaderFromMultimap(answer.headers().map(), answer.body()).toEvent();
  }

  static void overHttp() throws Exception {
    for (boolean has : new boolean[] {true, false}) {
      for (String mode : List.of("binary", "structured")) {
        CloudEvent event = fresh(has);
        HttpRequest.Builder request = asking("/v1/events");
        MessageWriter<?, ?> writer = HttpMessageFactory.createWriter(
            request::header, body -> request.POST(HttpRequest.BodyPublishers.ofByteArray(body)));
        if (mode.equals("binary")) writer.writeBinary(event);
        else writer.writeStructured(event, JsonFormat.CONTENT_TYPE);
        tell(mode + " " + has, event.getId(),
            receiptOf(CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray())));
      }
    }
    JsonFormat format = new JsonFormat();
    List<CloudEvent> many = List.of(fresh(true), fresh(true));
    ByteArrayOutputStream batch = new ByteArrayOutputStream();
    for (CloudEvent event : many) {
      batch.write(batch.size() == 0 ? '[' : ',');
      batch.write(format.serialize(event));
    }
    batch.write(']');
    HttpRequest request = asking("/v1/events").header("content-type", "application/cloudevents-batch+json")
        .POST(HttpRequest.BodyPublishers.ofByteArray(batch.toByteArray())).build();
    JsonNode answers = JSON.readTree(CLIENT.send(request, HttpResponse.BodyHandlers.ofByteArray()).body()).get("answers");
    for (int place = 0; place < many.size(); place++) {
      byte[] receipt = JSON.writeValueAsBytes(answers.get(place).get("receipt"));
      tell("batch", many.get(place).getId(), format.deserialize(receipt));
    }
  }
}
