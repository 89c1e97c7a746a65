package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.BadInput;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.logging.LogContext;
import dev.skiff.server.metrics.Metrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReceptionTest {
  /** It tells of the faults that these tests cause. */
  private static final Logger LOGGER = Logger.getLogger(Reception.class.getName());

  private final Metrics metrics = new Metrics();
  private final Reception reception = new Reception(metrics, false);

  @BeforeEach
  void quiet() {
    LOGGER.setLevel(Level.OFF);
  }

  @AfterEach
  void close() {
    LOGGER.setLevel(null);
    LOGGER.setFilter(null);
    metrics.close();
  }

  @Test
  void passesAReplyOn() {
    FakeExchange exchange = FakeExchange.with("X-Request-Id", "abc");
    reception.receive(
        exchange,
        "/x",
        it -> {
          assertThat(LogContext.CURRENT.get().requestId()).isEqualTo("abc");
          it.reply(200, "text/plain", new Body(new byte[1]));
        });
    assertThat(exchange.status).isEqualTo(200);
    assertThat(exchange.replyHeaders)
        .containsEntry("X-Request-Id", "abc")
        .containsEntry("X-Content-Type-Options", "nosniff")
        .hasEntrySatisfying("Server-Timing", v -> assertThat(v).matches("total;dur=\\d+\\.\\d{3}"));
  }

  @Test
  void theAccessLogHasEveryRequestAndWhatItWasAnswered() {
    List<String> lines = new ArrayList<>();
    LOGGER.setLevel(Level.INFO);
    LOGGER.setFilter(
        event -> {
          lines.add(event.getMessage());
          return false;
        });
    for (Reception each : List.of(reception, new Reception(metrics, true))) {
      each.receive(
          new FakeExchange("GET"), "/x", it -> it.reply(200, "text/plain", new Body(new byte[1])));
      each.receive(
          new FakeExchange("POST"),
          "/y",
          it -> {
            throw new InferenceException(ErrorCode.NOT_FOUND, "no");
          });
    }

    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst()).matches("GET /x in \\d+ us");
    assertThat(lines.getLast()).isEqualTo("POST /y answered NOT_FOUND: no");
  }

  @ParameterizedTest
  @EnumSource
  void turnsRefusalsIntoReplies(ErrorCode code) {
    FakeExchange exchange = new FakeExchange("POST");
    reception.receive(
        exchange,
        "/x",
        it -> {
          throw new InferenceException(code, "no");
        });
    assertReply(exchange, code, "no");
    assertThat(exchange.replyHeaders.containsKey("Retry-After")).isEqualTo(exchange.status == 503);
    assertThat(metrics.scrape())
        .containsPattern("skiff_request_errors_total\\{code=\"" + code + "\"} 1.0");
  }

  @Test
  void tellsNothingOfAFault() {
    FakeExchange exchange = new FakeExchange("POST");
    reception.receive(
        exchange,
        "/x",
        it -> {
          throw new IllegalStateException("/secret/path Foo.java:12");
        });
    assertReply(exchange, ErrorCode.INTERNAL, "the server failed on this request");
  }

  @Test
  @BadInput(89)
  void countsAClientThatWentAway() {
    FakeExchange exchange = new FakeExchange("POST");
    reception.receive(
        exchange,
        "/x",
        it -> {
          throw new IOException("reset");
        });
    assertThat(exchange.reply).isNull();
    assertThat(metrics.scrape())
        .contains("skiff_request_errors_total{code=\"CLIENT_ABORT\"} 1.0")
        .contains("skiff_requests_in_flight 0.0");
  }

  @Test
  void keepsWhatIsPostponedAsOneRequest() {
    FakeExchange exchange = new FakeExchange("POST");
    assertThat(
            reception.receive(
                exchange,
                "/x",
                it -> {
                  throw Postponed.INSTANCE;
                }))
        .isFalse();
    assertThat(exchange.reply).isNull();
    assertThat(metrics.scrape()).contains("skiff_requests_in_flight 1.0").doesNotContain("errors");
    String id = exchange.replyHeaders.get("X-Request-Id");
    assertThat(reception.receive(exchange, "/x", it -> it.reply(200, "a/b", new Body(new byte[0]))))
        .isTrue();
    assertThat(exchange.replyHeaders).containsEntry("X-Request-Id", id);
    assertThat(metrics.scrape()).contains("skiff_requests_in_flight 0.0");
  }

  @Test
  void routesRefuseOtherMethods() {
    Route get = Route.get("/x", it -> it.reply(200, "text/plain", new Body(new byte[0])));
    for (String method : new String[] {"GET", "HEAD"}) {
      FakeExchange exchange = new FakeExchange(method);
      reception.receive(exchange, "/x", get);
      assertThat(exchange.status).isEqualTo(200);
    }
    FakeExchange put = new FakeExchange("PUT");
    reception.receive(put, "/x", get);
    assertReply(put, ErrorCode.METHOD_NOT_ALLOWED, "/x answers GET, HEAD, got PUT");
    assertThat(put.replyHeaders).containsEntry("Allow", "GET, HEAD");
    FakeExchange head = new FakeExchange("HEAD");
    reception.receive(head, "/x", Route.fastPost("/x", it -> {}));
    assertReply(head, ErrorCode.METHOD_NOT_ALLOWED, "/x answers POST, got HEAD");
  }

  @Test
  void routesMatchTheirPaths() {
    Route route = Route.get("/v2/models/{model}/ready", it -> {});
    assertThat(route.matches("/v2/models/a/ready")).isTrue();
    assertThat(route.matches("/v2/models/a")).isFalse();
    assertThat(route.matches("/v2/models/a/ready/b")).isFalse();
    assertThat(route.matches("/v2/models/a/infer")).isFalse();
    assertThat(route.matches("/")).isFalse();
  }

  private static void assertReply(FakeExchange exchange, ErrorCode code, String message) {
    assertThat(exchange.status).isEqualTo(ErrorMapper.status(code));
    JsonNode body = Fixtures.tree(Objects.requireNonNull(exchange.reply));
    assertThat(body).hasSize(2);
    assertThat(body.get("error").textValue()).isEqualTo(message);
    assertThat(body.get("code").textValue()).isEqualTo(code.name());
    assertThat(exchange.replyHeaders).containsEntry("Content-Type", "application/json");
  }
}
