package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;

/** How every session is set up, whatever its model. */
final class SessionSettings {
  private SessionSettings() {}

  /** The options of a session on this provider. The caller closes them. */
  static SessionOptions of(ExecutionProvider provider) throws OrtException {
    SessionOptions options = new SessionOptions();
    try {
      configure(options, provider);
      return options;
    } catch (OrtException e) {
      options.close();
      throw e;
    }
  }

  private static void configure(SessionOptions options, ExecutionProvider provider)
      throws OrtException {
    switch (provider) {
      case ExecutionProvider.Cpu cpu -> {}
      case ExecutionProvider.Cuda cuda -> {
        CudaOptions.addCuda(options, cuda.gpu());
        NodePlacement.record(options);
      }
      case ExecutionProvider.TensorRt tensorRt -> {
        CudaOptions.addTensorRt(options, tensorRt.gpu());
        NodePlacement.record(options);
      }
    }
    options.setIntraOpNumThreads(provider.intraOpThreads());
    options.setInterOpNumThreads(1);
    options.setOptimizationLevel(SessionOptions.OptLevel.ALL_OPT);
    // On by default, and an idle server would burn a core.
    options.addConfigEntry("session.intra_op.allow_spinning", "0");
    options.addConfigEntry("session.inter_op.allow_spinning", "0");
  }
}
