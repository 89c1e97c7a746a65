package dev.skiff.bench;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program: {@code run}, {@code compare}, {@code report} and {@code echo}. */
@Command(
    name = "skiff-bench",
    description = "Puts load on an HTTP server and measures what comes back.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
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

  private static int explain(Exception failure, CommandLine command) {
    boolean wrongArgument = failure instanceof IllegalArgumentException;
    command.getErr().println("skiff-bench: " + (wrongArgument ? failure.getMessage() : failure));
    return wrongArgument ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
  }
}
