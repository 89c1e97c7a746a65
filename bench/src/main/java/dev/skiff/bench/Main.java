package dev.skiff.bench;

import java.nio.file.NoSuchFileException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program: {@code run}, {@code compare}, {@code report} and {@code echo}. */
@Command(
    name = "skiff-bench",
    description = "Puts load on an HTTP server and measures what comes back.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Main.Version.class)
final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(commandLine(List.of(args)).execute(args));
  }

  /**
   * @param args the whole command line, which goes into the result
   */
  static CommandLine commandLine(List<String> args) {
    return new CommandLine(new Main())
        .addSubcommand(new RunCommand(args))
        .addSubcommand(new CompareCommand())
        .addSubcommand(new ReportCommand())
        .addSubcommand(new EchoCommand())
        .setExecutionExceptionHandler((failure, command, _) -> explain(failure, command));
  }

  /** The version in the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"skiff-bench " + (version == null ? "development" : version)};
    }
  }

  private static int explain(Exception failure, CommandLine command) {
    boolean isMissing = failure instanceof NoSuchFileException;
    boolean isWrong = isMissing || failure instanceof IllegalArgumentException;
    String what = isMissing ? "there is no file " : "";
    command.getErr().println("skiff-bench: " + what + (isWrong ? failure.getMessage() : failure));
    return isWrong ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
  }
}
