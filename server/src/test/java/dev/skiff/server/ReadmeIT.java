package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.config.CommandLine;
import dev.skiff.server.config.CommandLine.Request.Serve;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs the README's shell blocks, as a reader would type them, and compares what comes back. */
class ReadmeIT {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  /** A block of shell and, if a block of JSON comes right after it, what it must print. */
  private static final Pattern BLOCK =
      Pattern.compile("```sh\\n(.*?)```(?:\\s*\\n```json\\n(.*?)```)?", Pattern.DOTALL);

  private static Server server;

  @TempDir Path home;

  record Block(String shell, String expected) {}

  @BeforeAll
  static void start() {
    String[] arguments = {
      ROOT.resolve("models").toString(), "--port=0", "--host=127.0.0.1", "--log-level=warn"
    };
    Serve serve = (Serve) CommandLine.parse(arguments, Map.of(), "test");
    server = Server.start(serve.config(), "test");
    server.awaitModels();
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  static Stream<Block> requests() throws IOException {
    return blocks().stream().filter(block -> block.shell().startsWith("curl"));
  }

  @ParameterizedTest
  @MethodSource("requests")
  void requestAnswersAsItSays(Block block) throws Exception {
    Tools.require(
        Tools.find(List.of("curl")).isPresent(), "the test of the README's requests needs curl");
    String shell = block.shell().replace("localhost:8080", "127.0.0.1:" + server.port());
    Files.writeString(home.resolve(".curlrc"), "fail\nsilent\nshow-error\n");
    ProcessBuilder builder = new ProcessBuilder("bash", "-eu", "-c", shell);
    builder.directory(ROOT.toFile()).redirectErrorStream(true);
    builder.environment().put("CURL_HOME", home.toString());

    Process process = builder.start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(printed).isZero();
    assertThat(printed).isNotBlank();
    if (!block.expected().isEmpty()) {
      assertThat(printed).isEqualTo(block.expected().strip());
    }
  }

  /** The build's own commands cannot run inside the build; CI runs them, to the letter. */
  @Test
  void everyOtherBlockIsRunByCi() throws IOException {
    String ci = Files.readString(ROOT.resolve(".ci/run"));
    List<Block> others =
        blocks().stream().filter(block -> !block.shell().startsWith("curl")).toList();

    assertThat(others).isNotEmpty();
    assertThat(others).allSatisfy(block -> assertThat(ci).contains(block.shell().strip()));
  }

  private static List<Block> blocks() throws IOException {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(Files.readString(ROOT.resolve("README.md")));
    while (matcher.find()) {
      blocks.add(new Block(matcher.group(1), matcher.group(2) == null ? "" : matcher.group(2)));
    }
    return blocks;
  }
}
