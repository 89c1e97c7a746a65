package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.skiff.image.SavedImage.Entry;
import dev.skiff.image.SavedImage.Layer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The image for GPUs, of whichever variant, on a machine that has no GPU. */
@Tag("gpu-image")
@Timeout(300)
@SuppressWarnings("NullAway.Init") // JUnit calls save() first
class GpuImageIT {
  /**
   * What each layer above the base may hold, the lowest first: the order of how often it changes.
   */
  private static final List<Pattern> LAYERS =
      List.of(
          Pattern.compile("/skiff(/cuda(/libcublas(Lt)?\\.so\\.12)?)?"),
          Pattern.compile("/skiff(/cuda(/NGC-DL-CONTAINER-LICENSE|/lib(cudart|cudnn|nvrtc).*)?)?"),
          Pattern.compile("/skiff(/native(/[^/]+\\.so)?)?"),
          Pattern.compile("/skiff(/jre(/.*)?)?"),
          Pattern.compile("/skiff(/lib(/[^/]+\\.jar)?)?"),
          Pattern.compile("/skiff(/skiff\\.jar|/sbom\\.cdx\\.json|/app\\.aot|/jvm\\.options)?"),
          Pattern.compile("/models(/.*)?"));

  /** CUDA's libraries that come along elsewhere and that nothing here uses. */
  private static final Pattern UNUSED =
      Pattern.compile(
          ".*/lib(npp|nccl|cusparse|curand|cufft|cusolver|nvjpeg|nvblas|cudnn_adv|cufile)[^/]*");

  private static final Pattern NATIVE = Pattern.compile("/skiff/(cuda|native)/.*\\.so.*");

  private static SavedImage image;

  @BeforeAll
  static void save() throws IOException {
    image = SavedImage.of(ImageUnderTest.name());
  }

  @Test
  void theImageIsSmall() {
    long bytes = image.layers().stream().mapToLong(Layer::bytes).sum();
    long compressed = image.layers().stream().mapToLong(Layer::compressed).sum();
    System.out.println("compressed, MB: " + compressed / 1_000_000);
    budget().check(bytes / 1e6);
  }

  private static Budgets budget() {
    String architectures = label("architectures");
    if (architectures.equals("all")
        || architectures.contains(",")
        || convolutions().equals("full")) {
      return Budgets.GPU_IMAGE;
    }
    return convolutions().equals("none")
        ? Budgets.GPU_IMAGE_OF_ONE_WITHOUT_CONVOLUTIONS
        : Budgets.GPU_IMAGE_OF_ONE;
  }

  @Test
  void layersAreOrderedByHowOftenTheyChange() {
    image.assertLayers(LAYERS);
  }

  @Test
  void theLibrariesAreThoseThatTheVariantNeeds() {
    List<String> expected =
        new ArrayList<>(
            List.of(
                "/skiff/cuda/libcublas.so.12",
                "/skiff/cuda/libcublasLt.so.12",
                "/skiff/cuda/libcudart.so.12",
                "/skiff/native/libonnxruntime.so",
                "/skiff/native/libonnxruntime4j_jni.so",
                "/skiff/native/libonnxruntime_providers_cuda.so",
                "/skiff/native/libonnxruntime_providers_shared.so"));
    expected.addAll(
        switch (convolutions()) {
          case "none" -> List.of();
          case "jit" -> cudnn();
          case "full" -> {
            List<String> full = new ArrayList<>(cudnn());
            full.add("/skiff/cuda/libcudnn_engines_precompiled.so.9");
            yield full;
          }
          default -> throw new AssertionError(convolutions());
        });
    assertThat(paths(image.own()).filter(NATIVE.asMatchPredicate()))
        .map(path -> path.replaceFirst("(libnvrtc-builtins\\.so\\.12)\\.\\d+$", "$1"))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  private static List<String> cudnn() {
    return List.of(
        "/skiff/cuda/libcudnn.so.9",
        "/skiff/cuda/libcudnn_cnn.so.9",
        "/skiff/cuda/libcudnn_engines_runtime_compiled.so.9",
        "/skiff/cuda/libcudnn_graph.so.9",
        "/skiff/cuda/libcudnn_heuristic.so.9",
        "/skiff/cuda/libcudnn_ops.so.9",
        "/skiff/cuda/libnvrtc-builtins.so.12",
        "/skiff/cuda/libnvrtc.so.12");
  }

  @Test
  void nothingOfCudaIsThereThatNothingUses() {
    assertThat(paths(image.layers())).isNotEmpty().noneMatch(UNUSED.asMatchPredicate());
  }

  @Test
  void nvidiasLicenceIsBesideItsLibraries() {
    assertThat(paths(image.own())).contains("/skiff/cuda/NGC-DL-CONTAINER-LICENSE");
  }

  @Test
  void theContainerRuntimeIsAskedForEveryGpu() {
    assertThat(config("{{json .Config.Env}}"))
        .contains(
            "\"NVIDIA_VISIBLE_DEVICES=all\"",
            "\"NVIDIA_DRIVER_CAPABILITIES=compute,utility\"",
            "\"LD_LIBRARY_PATH=/skiff/cuda:");
  }

  /**
   * The parts of cuDNN that are here do what they should, and one that is not (its error 3009 is
   * CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE) does not end the process.
   */
  @Test
  void cudnnCanBeTakenInPart() {
    assumeThat(convolutions()).as("cuDNN in the image").isNotEqualTo("none");
    assertThat(
            ImageUnderTest.java(
                List.of(),
                "-cp",
                "/test",
                CallCudnn.class.getName(),
                "cudnnCreateTensorDescriptor",
                "cudnnCreateConvolutionDescriptor",
                "cudnnCreatePoolingDescriptor",
                "cudnnCreateReduceTensorDescriptor",
                "cudnnCreateRNNDescriptor"))
        .contains(
            "cudnnCreateTensorDescriptor 0",
            "cudnnCreateConvolutionDescriptor 0",
            "cudnnCreatePoolingDescriptor 0",
            "cudnnCreateReduceTensorDescriptor 0",
            "cudnnCreateRNNDescriptor 3009");
  }

  /** On the CPU, from its AOT cache, where nothing is allowed; and it ends well. */
  @Test
  void answersWithoutAGpu() throws Exception {
    try (var skiff = new Skiff().restricted().withEnv("JAVA_TOOL_OPTIONS", "-XX:AOTMode=on")) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      assertThat(skiff.sample("digits")).contains("\"labels\":[\"seven\",\"two\"]");
      assertThat(skiff.sample("language")).contains("\"label\":\"de\"", "\"label\":\"zh\"");
      Docker.run("stop", "--time", "20", skiff.getContainerId());
      assertThat(skiff.inspect("{{.State.ExitCode}}")).isEqualTo("0");
    }
  }

  private static Stream<String> paths(List<Layer> layers) {
    return layers.stream().flatMap(layer -> layer.entries().stream()).map(Entry::path);
  }

  private static String convolutions() {
    return label("convolutions");
  }

  private static String label(String name) {
    return config("{{index .Config.Labels \"dev.skiff.gpu." + name + "\"}}");
  }

  private static String config(String template) {
    return Docker.run("image", "inspect", "--format", template, ImageUnderTest.name());
  }
}
