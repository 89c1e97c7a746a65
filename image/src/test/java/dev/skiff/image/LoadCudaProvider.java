package dev.skiff.image;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/**
 * Run by CudaLoadIT in the image: loads the model that the first argument names on CUDA, and prints
 * what comes of it.
 */
final class LoadCudaProvider {
  private LoadCudaProvider() {}

  public static void main(String[] arguments) {
    var environment = OrtEnvironment.getEnvironment();
    try (var options = new OrtSession.SessionOptions()) {
      options.addCUDA(0);
      try (var session = environment.createSession(arguments[0], options)) {
        System.out.println("on CUDA: " + session.getInputNames());
      }
    } catch (OrtException e) {
      System.out.println(e.getMessage());
    }
  }
}
