package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.ErrorCode;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why a GPU could not be used, told from ONNX Runtime's error and what the machine shows: ONNX
 * Runtime gives all of these the code FAIL, so there is only the text to go by. The texts are those
 * of 1.29; {@code DiagnosisTest} has one of each.
 *
 * @param code for a request that met this fault
 * @param sentence what is wrong and what to do about it, without any path
 * @param reach what is at an end with it
 */
record Diagnosis(ErrorCode code, String sentence, Reach reach) {

  /** How far a fault reaches. */
  enum Reach {
    /** One run; another may do. */
    RUN,
    /** One model, which has operators that cannot run on this GPU with these libraries. */
    MODEL,
    /** Every model: the GPU, its driver or its libraries are not as they should be. */
    GPU,
    /** The process: nothing runs on the GPU in it any more. */
    PROCESS
  }

  private static final Pattern LIBRARY =
      Pattern.compile("(lib[\\w-]+\\.so)(\\.[\\d.]+)?: cannot open shared object file");
  private static final Pattern SYMBOL =
      Pattern.compile("(undefined symbol: |version [`'])([\\w.]+).*?(libcu\\w+\\.so\\.\\d+)");
  private static final Pattern FAILURE =
      Pattern.compile("(CUDA|CUBLAS|CUDNN|CUDNN_FE|CUFFT) failure (\\d+)");
  private static final Pattern NO_KERNEL = Pattern.compile("no kernel image is available");
  private static final Pattern NO_SUCH_DEVICE =
      Pattern.compile("Invalid device ID|CUDA failure 101: ");
  private static final Pattern OPTION =
      Pattern.compile("(Unknown provider option: |Failed to parse provider option )\"(\\w+)\"");
  private static final Pattern TENSOR_RT = Pattern.compile("TensorRT: Failed to load shared");
  private static final Pattern NO_PROVIDER =
      Pattern.compile(
          "Failed to find (CUDA|TensorRT) shared provider|CUDA execution provider is not enabled");

  /** What the CPU's build says to a wish for a GPU. */
  static Diagnosis cpuBuild(String wanted) {
    return fault(
        "'%s' was asked for, and this is the CPU's build, which has none: use the GPU image, skiff:gpu, or ask for cpu"
            .formatted(wanted));
  }

  /** What is known of an error; nothing where the provider needs no GPU. */
  static Optional<Diagnosis> of(OrtException error, ExecutionProvider provider) {
    return provider instanceof ExecutionProvider.Accelerator accelerator
        ? of(String.valueOf(error.getMessage()), Machine.look(), Device.of(accelerator.gpu()))
        : Optional.empty();
  }

  /**
   * Explains an error.
   *
   * @param text what ONNX Runtime said
   * @param device the GPU, which is asked only where the sentence needs it
   * @return nothing for an error that is not known to come from the GPU or its libraries
   */
  static Optional<Diagnosis> of(String text, Machine machine, Device device) {
    Matcher provider = NO_PROVIDER.matcher(text);
    if (provider.find()) {
      return Optional.of(
          "TensorRT".equals(provider.group(1))
              ? fault(
                  "ONNX Runtime's TensorRT provider, libonnxruntime_providers_tensorrt.so, is not beside libonnxruntime.so, and is in none of Skiff's images: ask for cuda, or add onnxruntime_gpu's library and TensorRT 10")
              : fault(
                  "ONNX Runtime's CUDA provider, libonnxruntime_providers_cuda.so, is not beside libonnxruntime.so: use the GPU image, or onnxruntime_gpu's native libraries"));
    }
    if (TENSOR_RT.matcher(text).find()) {
      return Optional.of(tensorRt("libnvinfer.so", ".10", machine));
    }
    Optional<Diagnosis> operators = OperatorFaults.absent(text, machine);
    if (operators.isPresent()) {
      return operators;
    }
    Matcher library = LIBRARY.matcher(text);
    if (library.find()) {
      return Optional.of(missing(library, machine));
    }
    Matcher symbol = SYMBOL.matcher(text);
    if (symbol.find()) {
      return Optional.of(
          fault(
              "%s is too old for this ONNX Runtime (it has no %s): it needs CUDA 12's runtime from 12.8 on and cuBLAS from 12.4 on"
                  .formatted(symbol.group(3), symbol.group(2))));
    }
    Optional<String> sticky = StickyErrors.in(text);
    if (sticky.isPresent()) {
      return Optional.of(lost(sticky.get()));
    }
    if (GpuMemory.isExhausted(text)) {
      return Optional.of(GpuMemory.exhausted(text, device::capacity));
    }
    return OperatorFaults.incapable(text, machine, device)
        .or(() -> ofDevice(text, machine, device));
  }

  /** The libraries are there; the driver or the device is not as it should be. */
  private static Optional<Diagnosis> ofDevice(String text, Machine machine, Device device) {
    if (NO_KERNEL.matcher(text).find()) {
      return Optional.of(withoutKernels(device));
    }
    if (NO_SUCH_DEVICE.matcher(text).find()) {
      return Optional.of(
          fault(
              "there is no GPU of that number here: gpu-device counts the GPUs that the container sees, from 0"));
    }
    Matcher failure = FAILURE.matcher(text);
    if (!failure.find()) {
      return ofOption(text);
    }
    String error = failure.group(1) + " failure " + failure.group(2);
    return switch (error) {
      case "CUDA failure 35" -> Optional.of(driver(machine, tooOld(machine)));
      case "CUDA failure 100" ->
          Optional.of(
              driver(
                  machine,
                  "the driver shows no GPU: CUDA_VISIBLE_DEVICES must name one that nvidia-smi lists"));
      case "CUDA failure 802" ->
          Optional.of(
              fault(
                  "the GPUs are not ready (CUDA failure 802): on machines with NVSwitch the host's nvidia-fabricmanager must run, in the driver's version"));
      case "CUDA failure 803", "CUDA failure 804" ->
          Optional.of(
              fault(
                  "the driver's kernel module%s and its libcuda.so.1 do not fit each other (%s): restart the host after a driver update, and keep CUDA's compat folder out of LD_LIBRARY_PATH"
                      .formatted(version(machine), error)));
      default ->
          Optional.of(
              fault(
                  "the GPU failed (%s): see whether nvidia-smi works on the host, and the log at level debug"
                      .formatted(error)));
    };
  }

  private static Diagnosis withoutKernels(Device device) {
    String known = device.kernels().map(found -> ", only for " + found).orElse("");
    return fault(
        device.isServed()
            ? "a kernel is missing for %s, though ONNX Runtime has code for it: cuBLAS or cuDNN may be too old for this GPU, or too new"
                .formatted(device.description())
            : "this build has no kernels for %s%s: use the image with every architecture, or build one with this GPU's"
                .formatted(device.description(), known));
  }

  private static Optional<Diagnosis> ofOption(String text) {
    Matcher option = OPTION.matcher(text);
    if (!option.find()) {
      return Optional.empty();
    }
    String wrong =
        option.group(1).startsWith("Unknown")
            ? "has no option '%s'"
            : "does not take this value of '%s'";
    return Optional.of(
        fault(("cuda-options: ONNX Runtime's CUDA provider " + wrong).formatted(option.group(2))));
  }

  private static Diagnosis missing(Matcher library, Machine machine) {
    String name = library.group(1);
    String major = library.group(2) == null ? "" : library.group(2);
    if (name.equals("libcuda.so")) {
      return driver(
          machine,
          "the driver's libcuda.so.1 is not where the loader looks: set LD_LIBRARY_PATH to its folder");
    }
    if (name.startsWith("libnvinfer") || name.startsWith("libnvonnxparser")) {
      return tensorRt(name, major, machine);
    }
    return fault(
        machine.absence(name, major)
            + ": use the GPU image, or install CUDA 12's libraries where the loader looks (LD_LIBRARY_PATH)");
  }

  private static Diagnosis tensorRt(String library, String major, Machine machine) {
    return fault(
        "TensorRT could not be loaded ("
            + machine.absence(library, major)
            + "): install TensorRT 10 for CUDA 12 with cuDNN 9, or ask for cuda");
  }

  /**
   * No driver, no device, or half of either: which of them, the machine tells.
   *
   * @param otherwise what is wrong if all of them are there
   */
  private static Diagnosis driver(Machine machine, String otherwise) {
    String visible = machine.visibleDevices().orElse("all");
    if (!machine.deviceFiles()) {
      if (machine.driver().isEmpty()) {
        return fault(
            "this host has no NVIDIA driver, or no GPU: install driver 525 or later and the NVIDIA container toolkit, then start the container with --gpus all");
      }
      if (visible.equals("none") || visible.equals("void") || visible.isEmpty()) {
        return fault(
            "NVIDIA_VISIBLE_DEVICES is '%s', which hides every GPU of the host: set it to all, or leave it out and use --gpus all"
                .formatted(visible));
      }
      return fault(
          "the host has NVIDIA's driver%s, but the container was given no GPU: start it with --gpus all, in Kubernetes with a limit on nvidia.com/gpu"
              .formatted(version(machine)));
    }
    if (!machine.has("libcuda.so")) {
      return fault(
          "the GPU is here, but the driver's libcuda.so.1 is not: NVIDIA_DRIVER_CAPABILITIES must be compute,utility, and the host needs the NVIDIA container toolkit");
    }
    return fault(otherwise);
  }

  private static String tooOld(Machine machine) {
    return "the host's NVIDIA driver%s is too old for this build's CUDA 12: install driver 525 or later on the host, 570 or later for Blackwell"
        .formatted(version(machine));
  }

  private static String version(Machine machine) {
    return machine.driver().map(version -> " " + version).orElse("");
  }

  /** Whether nothing can run on the GPU in this process any more. */
  boolean sticky() {
    return reach == Reach.PROCESS;
  }

  /** What is wrong with one run only. */
  static Diagnosis ofRun(ErrorCode code, String sentence) {
    return new Diagnosis(code, sentence, Reach.RUN);
  }

  /** What keeps one model from the GPU. */
  static Diagnosis ofModel(String sentence) {
    return new Diagnosis(ErrorCode.INTERNAL, sentence, Reach.MODEL);
  }

  private static Diagnosis lost(String error) {
    return new Diagnosis(
        ErrorCode.INTERNAL,
        "the GPU failed (%s), and nothing runs on it any more before this process is started anew: if that comes again, look for Xid in the log of the host's kernel"
            .formatted(error),
        Reach.PROCESS);
  }

  private static Diagnosis fault(String sentence) {
    return new Diagnosis(ErrorCode.INTERNAL, sentence, Reach.GPU);
  }
}
