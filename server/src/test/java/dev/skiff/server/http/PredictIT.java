package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The simple dialect. */
@BothDoors
class PredictIT {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // One input, one output, and a batch.
        "identity-fp32 | [1,2,3] | {'prediction':[1.0,2.0,3.0]}",
        "identity-fp32 | {'instances':[[1,2,3],[4,5,6]]}"
            + " | {'predictions':[[1.0,2.0,3.0],[4.0,5.0,6.0]]}",
        "identity-fp32 | {'instances':[{'x':[1,2,3]}]} | {'predictions':[[1.0,2.0,3.0]]}",
        "identity-fp32 | {'inputs':[[1,2,3]]} | {'outputs':[[1.0,2.0,3.0]]}",
        "identity-fp32 | {'inputs':{'x':[[1,2,3]]}} | {'outputs':[[1.0,2.0,3.0]]}",
        "identity-fp32 | {'signature_name':'s','inputs':[[1,2,3]]} | {'outputs':[[1.0,2.0,3.0]]}",
        "identity-int64 | [9007199254740993,2,3] | {'prediction':[9007199254740993,2,3]}",
        "identity-bytes | ['','\u4eca','\ud83d\ude00'] | {'prediction':['','\u4eca','\ud83d\ude00']}",
        "identity-bool | [true,false,true] | {'prediction':[true,false,true]}",
        "unnamed | [1,2,3] | {'prediction':[2.0,4.0,6.0]}",
        // Several inputs and outputs.
        "add | {'instances':[{'a':[5,7,9],'b':[1,2,4]}]}"
            + " | {'predictions':[{'sum':[6.0,9.0,13.0],'difference':[4.0,5.0,5.0]}]}",
        "add | {'inputs':{'b':[[1,2,4]],'a':[[5,7,9]]}}"
            + " | {'outputs':{'sum':[[6.0,9.0,13.0]],'difference':[[4.0,5.0,5.0]]}}",
        // No batch dimension.
        "fixed | [[1,2,3],[4,5,6]] | {'prediction':[[2.0,4.0,6.0],[8.0,10.0,12.0]]}",
        "fixed | {'inputs':[[1,2,3],[4,5,6]]} | {'outputs':[[2.0,4.0,6.0],[8.0,10.0,12.0]]}",
        "fixed | {'instances':[[1,2,3],[4,5,6]]} | {'predictions':[[2.0,4.0,6.0],[8.0,10.0,12.0]]}",
        "scalar | {'inputs':41} | {'outputs':42.0}",
        "nonzero | {'inputs':[[0,2,3]]} | {'outputs':[[0,0],[1,2]]}",
        "nonzero | {'inputs':[[0,0,0]]} | {'outputs':[[],[]]}",
        // Dimensions that vary from request to request.
        "sequence-length | [1,2,3,4,5] | {'prediction':[2,3,4,5,6]}",
        "sequence-length | [1] | {'prediction':[2]}",
        "sequence-length | {'instances':[[1,2],[3,4]]} | {'predictions':[[2,3],[4,5]]}",
        "identity-fp32 | {'inputs':{'x':[]}} | -",
        // Values that are no tensors.
        "tensor-sequence | {'inputs':[[1,2,3],[4,5,6]]} | {'outputs':[[[1.0,2.0,3.0]],[[4.0,5.0,6.0]]]}",
        "map-int | [0.25,0.5,1] | {'prediction':{'0':0.25,'1':0.5,'2':1.0}}",
        "map-string | [0.25,0.5,1] | {'prediction':{'red':0.25,'green':0.5,'bl\u00fce':1.0}}",
        "map-int | {'instances':[[0.5,1,2]]} | {'predictions':[{'0':0.5,'1':1.0,'2':2.0}]}",
        "map-int | {'inputs':[[0.5,1,2]]} | {'outputs':[{'0':0.5,'1':1.0,'2':2.0}]}",
        // Labels.
        "classindex | [1,5,2] | {'prediction':[1],'label':'green'}",
        "classindex | {'instances':[[9,5,2],[1,2,3]]} | {'predictions':[0,2],'labels':['red','blue']}",
        "classindex | {'inputs':[[9,5,2]]} | {'outputs':[0],'labels':['red']}",
        // The highest version, and a given one.
        "versions | [1,2,3] | {'prediction':[10.0,20.0,30.0]}",
        "versions/10 | [1,2,3] | {'prediction':[10.0,20.0,30.0]}",
      })
  void answers(String model, String request, String reply, TestServer server) {
    Reply answer = server.post("/predict/" + model, request.replace('\'', '"'));
    if (reply.equals("-")) {
      answer.refused(ErrorCode.INVALID_ARGUMENT).contains("[0]");
      return;
    }
    assertThat(answer.ok()).isEqualTo(Fixtures.tree(reply.replace('\'', '"')));
    assertThat(answer.text().replace(" ", ""))
        .as("the order of the keys")
        .startsWith(reply.substring(0, reply.indexOf(':')).replace('\'', '"'));
  }

  @Test
  void labelsTheGreatestScore(TestServer server) {
    var reply = server.post("/predict/labelled", "{\"instances\":[[1,2,3],[3,2,1]]}").ok();
    assertThat(reply.get("labels")).hasToString("[\"blue\",\"red\"]");
    assertThat(server.post("/predict/labelled", "[0,9,0]").ok().get("label").textValue())
        .isEqualTo("green");
  }

  @Test
  void refusesInstancesWhereRowsCannotBeTold(TestServer server) {
    server
        .post("/predict/nonzero", "{\"instances\":[[0,2,3]]}")
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains("\"inputs\" form");
  }

  @Test
  void repeatsWhatItSaid(TestServer server) {
    String request = "{\"instances\":[[1,2,3],[4,5,6]]}";
    String first = server.post("/predict/labelled", request).text();
    for (int i = 0; i < 20; i++) {
      server.post("/predict/labelled", "{\"instances\":[[" + i + ",2,3]]}").ok();
      assertThat(server.post("/predict/labelled", request).text()).isEqualTo(first);
    }
  }

  @Test
  void answersEveryoneWithTheirOwn(TestServer server) {
    try (ExecutorService clients = Executors.newFixedThreadPool(8)) {
      List<Future<String>> replies =
          IntStream.range(0, 400)
              .mapToObj(i -> clients.submit(() -> server.post("/predict/unnamed", row(i)).text()))
              .toList();
      for (int i = 0; i < replies.size(); i++) {
        assertThat(replies.get(i))
            .succeedsWithin(Duration.ofSeconds(30))
            .isEqualTo("{\"prediction\":[%d.0,%d.0,6.0]}".formatted(2 * i, -2 * i - 2));
      }
    }
  }

  private static String row(int number) {
    return "[" + number + "," + (-number - 1) + ",3]";
  }

  @Test
  void servesADefaultModel(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "fixed", "identity-fp32");
    try (TestServer server = door.start(folder, "--default-model=identity-fp32")) {
      assertThat(server.post("/predict", "[1,2,3]").text())
          .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
    }
  }

  @Test
  void servesTheOnlyModelByDefault(@TempDir Path folder, Door door) throws IOException {
    try (TestServer server = door.start(TestServer.folder(folder, "identity-fp32"))) {
      assertThat(server.post("/predict", "[1,2,3]").text())
          .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
    }
  }

  @Test
  void tellsWhereTheTimeWent(TestServer server) {
    String parts = "(read|queue|run|write);dur=\\d+\\.\\d{3}";
    assertThat(server.post("/predict/identity-fp32", "[1,2,3]").header("Server-Timing"))
        .matches("(" + parts + ", ){3}" + parts)
        .containsSubsequence("read;", "queue;", "run;", "write;");
    assertThat(server.get("/health").header("Server-Timing")).matches("total;dur=\\d+\\.\\d{3}");
    assertThat(server.post("/predict/identity-fp32", "[1]").header("Server-Timing"))
        .matches("total;dur=\\d+\\.\\d{3}");
  }

  @Test
  void namesTheRequest(TestServer server) {
    var request = server.request("/health");
    assertThat(server.send(request.header("X-Request-Id", "mine-1")).header("X-Request-Id"))
        .isEqualTo("mine-1");
    String made = server.get("/health").header("X-Request-Id");
    assertThat(made).matches("[0-9a-f]{16}");
    assertThat(server.get("/health").header("X-Request-Id")).isNotEqualTo(made);
    var bad = server.request("/nope").header("X-Request-Id", "not well <formed>");
    assertThat(server.send(bad).header("X-Request-Id")).matches("[0-9a-f]{16}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/x-www-form-urlencoded", // curl -d
        "application/json; charset=utf-8",
        "application/vnd.any+json"
      })
  void readsWhatClientsSend(String type, TestServer server) {
    var request = server.request("/predict/identity-fp32").header("Content-Type", type);
    server.send(request.POST(BodyPublishers.ofString("[1,2,3]"))).ok();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/v2",
        "/v2/health/live",
        "/v2/models/add"
      })
  void answersHeadLikeGetWithoutTheBody(String path, TestServer server) {
    Reply head = server.send(server.request(path).HEAD());
    Reply get = server.get(path);
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.header("Content-Type")).isEqualTo(get.header("Content-Type"));
    assertThat(head.header("Content-Length")).isNotEqualTo("0").isNotEmpty();
  }
}
