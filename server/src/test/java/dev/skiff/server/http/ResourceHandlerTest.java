package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ResourceHandlerTest {

  @Test
  void answersWithTheFile() throws IOException {
    FakeExchange exchange = get(new ResourceHandler("/web/console.css", "text/css"));

    assertThat(exchange.status).isEqualTo(200);
    assertThat(exchange.reply).isNotNull();
    assertThat(Fixtures.text(exchange.reply)).contains("prefers-color-scheme");
    assertThat(exchange.replyHeaders)
        .containsEntry("Content-Type", "text/css")
        .containsEntry("Cache-Control", "no-cache")
        .containsEntry("Referrer-Policy", "no-referrer")
        .containsEntry("Content-Security-Policy", ResourceHandler.CONTENT_SECURITY_POLICY);
  }

  @Test
  void readsTheFileOnce() throws IOException {
    ResourceHandler handler = new ResourceHandler("/web/console.css", "text/css");

    assertThat(get(handler).reply).isSameAs(get(handler).reply);
  }

  @Test
  void aFileThatIsMissingIsTheServersFault() {
    ResourceHandler handler = new ResourceHandler("/web/missing", "text/css");

    assertThatThrownBy(() -> get(handler)).isInstanceOf(IllegalStateException.class);
  }

  private static FakeExchange get(ResourceHandler handler) throws IOException {
    FakeExchange exchange = new FakeExchange("GET");
    handler.handle(exchange);
    return exchange;
  }
}
