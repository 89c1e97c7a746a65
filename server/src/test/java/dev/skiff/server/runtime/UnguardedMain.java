package dev.skiff.server.runtime;

import ai.onnxruntime.OrtEnvironment;

/** Starts ONNX Runtime as its manual says, without turning its telemetry off. */
final class UnguardedMain {
  static final String BEFORE = "before";
  static final String AFTER = "after";

  private UnguardedMain() {}

  public static void main(String[] arguments) {
    System.out.println(BEFORE);
    System.out.println(OrtEnvironment.getEnvironment().getVersion());
    System.out.println(AFTER);
  }
}
