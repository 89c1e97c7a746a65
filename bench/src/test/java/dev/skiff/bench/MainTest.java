package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class MainTest {
  private final CommandLine commandLine = Main.commandLine(List.of());
  private final StringWriter said = new StringWriter();

  @Test
  void namesAFileThatIsNotThere() {
    commandLine.setErr(new PrintWriter(said));

    assertThat(commandLine.execute("compare", "a.json", "b.json")).isEqualTo(2);
    assertThat(said.toString()).isEqualToIgnoringNewLines("skiff-bench: there is no file a.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--version", "run --version"})
  void saysItsVersion(String arguments) {
    commandLine.setOut(new PrintWriter(said));

    assertThat(commandLine.execute(arguments.split(" "))).isZero();
    assertThat(said.toString()).startsWith("skiff-bench ");
  }
}
