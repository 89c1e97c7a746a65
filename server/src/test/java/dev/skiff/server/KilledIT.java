package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ends of the packaged server that nobody planned, and one that comes early. */
final class KilledIT {
  private static final String[] MODELS = {"identity-fp32", "slow"};

  /** 1 is what the JVM makes of a crash without a core dump: an orchestrator starts it again. */
  @Test
  @BadInput(102)
  void aCrashInNativeCodeEndsItAndIsReported(@TempDir Path folder) throws Exception {
    List<String> asInTheImage =
        List.of(
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:+ErrorFileToStdout",
            "-XX:-CreateCoredumpOnCrash");
    try (SkiffProcess server =
            SkiffProcess.serve(Map.of(), asInTheImage, Repository.of(folder, MODELS));
        LoadedClients clients = new LoadedClients(server.address())) {
      clients.awaitAnswers(50);
      server.process().signal("SEGV");
      assertThat(server.process().awaitExit()).isEqualTo(1);
      assertThat(String.join("\n", server.process().out()))
          .contains("A fatal error has been detected by the Java Runtime Environment", "SIGSEGV");
      clients.awaitLast();
      assertThat(clients.wrong()).isEmpty();
    }
  }

  @Test
  void aKilledServerStartsAgain(@TempDir Path folder) throws Exception {
    Path models = Repository.of(Files.createDirectory(folder.resolve("models")), MODELS);
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    List<String> options = List.of("-Djava.io.tmpdir=" + temporary);
    for (int start = 0; start < 2; start++) {
      try (SkiffProcess server = SkiffProcess.serve(Map.of(), options, models);
          LoadedClients clients = new LoadedClients(server.address())) {
        clients.awaitAnswers(50);
        server.process().signal("KILL");
        assertThat(server.process().awaitExit()).isEqualTo(128 + 9);
        clients.awaitLast();
        assertThat(clients.wrong()).isEmpty();
      }
    }
  }

  /** A model is being loaded until the pipe that has its labels is closed. */
  @Test
  @Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @BadInput(101)
  void aSignalWhileModelsLoadEndsItAfterThose(@TempDir Path folder) throws Exception {
    Repository.of(folder, MODELS);
    List<Pipe> pipes = new ArrayList<>();
    for (int cpu = 0; cpu < Runtime.getRuntime().availableProcessors(); cpu++) {
      Path model =
          Files.move(Repository.of(folder, "add").resolve("add"), folder.resolve("a" + cpu));
      pipes.add(Pipe.at(model.resolve("labels.txt")));
    }
    try (JavaProcess process =
        SkiffProcess.run(Map.of(), folder.toString(), "--host", "127.0.0.1", "--port", "0")) {
      for (Pipe pipe : pipes) {
        pipe.awaitReader();
      }
      process.signal("TERM");
      process.awaitOut(line -> line.contains("no more models are loaded"));
      process.awaitOut(line -> line.contains("draining"));
      for (Pipe pipe : pipes) {
        pipe.end();
      }
      assertThat(process.awaitExit()).isZero();
      assertThat(process.out())
          .filteredOn(line -> line.contains(" is ready after "))
          .hasSameSizeAs(pipes)
          .allMatch(line -> line.contains("model 'a"));
      assertThat(process.out()).noneMatch(line -> line.contains("ready in"));
      assertThat(process.out()).last().asString().endsWith("stopped");
      assertThat(process.err()).isEmpty();
    }
  }

  /** As a model whose load takes longer than anybody waits, or hangs. */
  @Test
  @Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @BadInput(101)
  void aLoadThatOutlastsTheDrainTimeoutIsGivenUp(@TempDir Path folder) throws Exception {
    try (Pipe labels = Pipe.at(Repository.of(folder, "add").resolve("add/labels.txt"));
        JavaProcess process =
            SkiffProcess.run(
                Map.of(),
                folder.toString(),
                "--host=127.0.0.1",
                "--port=0",
                "--drain-timeout=300ms")) {
      labels.awaitReader();
      process.signal("TERM");
      assertThat(process.awaitExit()).isEqualTo(1);
      assertThat(process.out())
          .last()
          .asString()
          .endsWith("WARN  stopped, though a model was still being loaded after the drain timeout");
      assertThat(process.err()).isEmpty();
    }
  }
}
