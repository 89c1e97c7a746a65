package dev.skiff.server.runtime;

/** The hardware back end that ONNX Runtime runs a model's nodes on. */
public sealed interface ExecutionProvider {

  /** The short name that configuration and replies use. */
  String label();

  /**
   * The processor, with threads of the session's own.
   *
   * @param intraOpThreads how many threads may share the work of one operator, at least 1
   */
  record Cpu(int intraOpThreads) implements ExecutionProvider {
    public Cpu {
      if (intraOpThreads < 1) {
        throw new IllegalArgumentException("intraOpThreads must be at least 1");
      }
    }

    @Override
    public String label() {
      return "cpu";
    }
  }
}
