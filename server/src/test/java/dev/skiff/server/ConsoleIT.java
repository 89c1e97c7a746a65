package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.Browser.Page;
import dev.skiff.server.config.CommandLine;
import dev.skiff.server.config.CommandLine.Request.Serve;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The console page in a real browser, with the shipped models and a broken one beside them. */
class ConsoleIT {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir static Path models;

  private static Browser browser;
  private static Server server;

  @TempDir Path home;

  @BeforeAll
  static void start() throws IOException {
    browser = Browser.find();
    for (String model : List.of("digits", "iris", "language")) {
      copy(ROOT.resolve("models").resolve(model), models.resolve(model));
    }
    copy(Path.of("src/test/fixtures/broken"), models.resolve("broken"));
    String[] arguments = {models.toString(), "--port=0", "--host=127.0.0.1", "--log-level=error"};
    Serve serve = (Serve) CommandLine.parse(arguments, Map.of(), "test");
    server = Server.start(serve.config(), "9.8.7");
    server.awaitModels();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.stop();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  @Test
  void listsTheModels() throws Exception {
    Page page = open("/");

    assertThat(text(page, "version")).isEqualTo("9.8.7 on cpu");
    assertThat(text(page, "status")).isEqualTo("ok, 3 of 4 models ready");
    assertThat(text(page, "models"))
        .contains("iris ready, version 1", "features FP32 [?, 4]", "output_label INT64 [?]")
        .contains("digits ready, version 1", "pixels FP32 [?, 64]")
        .contains("language ready, version 1", "text BYTES [?]")
        .contains("broken unavailable, version 1 Protobuf parsing failed.");
  }

  @Test
  void sendsTheExampleOfNumbers() throws Exception {
    Page page = open("/#iris&send");

    assertThat(text(page, "chosen")).isEqualTo("POST /predict/iris");
    assertThat(text(page, "answer")).startsWith("200 OK in ");
    assertThat(text(page, "body")).contains("\"predictions\": [", "\"output_label\": 0");
    assertThat(text(page, "timing"))
        .containsPattern(
            "read \\d+\\.\\d{3} ms queue \\d+\\.\\d{3} ms run \\d+\\.\\d{3} ms write \\d+\\.\\d{3} ms");
    assertThat(text(page, "curl"))
        .isEqualTo(
            "curl -d '{\"instances\": [[0, 0, 0, 0]]}' http://127.0.0.1:%d/predict/iris"
                .formatted(server.port()));
  }

  @Test
  void sendsTheExampleOfStrings() throws Exception {
    Page page = open("/#language&send");

    assertThat(text(page, "answer")).startsWith("200 OK in ");
    assertThat(text(page, "body")).contains("\"label\": ", "\"probabilities\": [0.");
    assertThat(text(page, "curl")).contains("{\"instances\": [\"text\"]}");
  }

  @Test
  void sendsNothingUnasked() throws Exception {
    Page page = open("/#iris");

    assertThat(text(page, "chosen")).isEqualTo("POST /predict/iris");
    assertThat(text(page, "answer")).isEmpty();
  }

  @Test
  void saysWhyAModelIsUnavailable() throws Exception {
    Page page = open("/#broken&send");

    assertThat(text(page, "chosen")).isEqualTo("POST /predict/broken");
    assertThat(text(page, "unready")).isEqualTo("broken is unavailable: Protobuf parsing failed.");
    assertThat(text(page, "answer")).isEmpty();
  }

  @Test
  void asksForTheKeyThatTheServerWants() throws Exception {
    Path keys = Files.writeString(home.resolve("keys"), "0123456789abcdef");
    String[] arguments = {
      models.toString(), "--port=0", "--host=127.0.0.1", "--log-level=error", "--api-keys=" + keys
    };
    Serve serve = (Serve) CommandLine.parse(arguments, Map.of(), "test");
    Server guarded = Server.start(serve.config(), "9.8.7");
    try {
      guarded.awaitModels();
      Page page = browser.open(URI.create("http://127.0.0.1:" + guarded.port() + "/"), home);

      assertThat(text(page, "status")).isEqualTo("The server wants an API key.");
      assertThat(page.dom()).contains("<form id=\"key-form\" class=\"notice\">");
      assertThat(page.log()).doesNotContain("CONSOLE");
    } finally {
      guarded.stop();
    }
  }

  @Test
  void asksForNoKeyWhereNoneIsWanted() throws Exception {
    assertThat(open("/").dom()).contains("<form id=\"key-form\" class=\"notice\" hidden=\"\">");
  }

  /** Errors of scripts and whatever the content security policy forbids would be in the log. */
  private Page open(String path) throws Exception {
    Page page = browser.open(URI.create("http://127.0.0.1:" + server.port() + path), home);
    assertThat(page.log()).doesNotContain("CONSOLE");
    return page;
  }

  /** The text within the element with this id, in one line with a space for every tag. */
  private static String text(Page page, String id) {
    Matcher element =
        Pattern.compile("<(\\w+)( [^>]*)? id=\"" + id + "\"[^>]*>").matcher(page.dom());
    assertThat(element.find()).as("no %s in %s", id, page.dom()).isTrue();
    Matcher tag = Pattern.compile("<(/?)" + element.group(1) + "\\b").matcher(page.dom());
    int end = element.end();
    for (int depth = 1; depth > 0; depth += tag.group(1).isEmpty() ? 1 : -1) {
      assertThat(tag.find(end)).isTrue();
      end = tag.end();
    }
    return page.dom()
        .substring(element.end(), tag.start())
        .replaceAll("<[^>]*>", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replaceAll("\\s+", " ")
        .strip();
  }
}
