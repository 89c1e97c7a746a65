package dev.skiff.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.metrics.Nvml.Memory;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** NVML's four functions as native ones that are written here, for a machine with one GPU. */
class NvmlTest {
  private static final long GPU = 0x1234;
  private static final int NOT_SUPPORTED = 3;
  private static final int NO_SUCH_GPU = 2;

  private final Arena arena = Arena.ofShared();
  private final Map<String, MemorySegment> functions = new HashMap<>();
  private final SymbolLookup library = name -> Optional.ofNullable(functions.get(name));

  NvmlTest() throws ReflectiveOperationException {
    define("nvmlInit_v2", "init");
    define("nvmlDeviceGetHandleByIndex_v2", "device", ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
    define("nvmlDeviceGetMemoryInfo", "memory", ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    define("nvmlDeviceGetUtilizationRates", "busy", ValueLayout.ADDRESS, ValueLayout.ADDRESS);
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void readsMemoryAndUtilization() {
    Nvml nvml = Nvml.open(library).orElseThrow();
    assertThat(nvml.memory(0)).contains(new Memory(80L << 30, 3L << 30));
    assertThat(nvml.utilization(0)).contains(0.25);
  }

  @Test
  void describesAGpu() throws ReflectiveOperationException {
    define(
        "nvmlDeviceGetName",
        "name",
        ValueLayout.ADDRESS,
        ValueLayout.ADDRESS,
        ValueLayout.JAVA_INT);
    define(
        "nvmlDeviceGetCudaComputeCapability",
        "capability",
        ValueLayout.ADDRESS,
        ValueLayout.ADDRESS,
        ValueLayout.ADDRESS);
    Nvml nvml = Nvml.open(library).orElseThrow();
    assertThat(nvml.description(0)).contains("NVIDIA Test, sm_90, 3.0 of 80.0 GiB in use");
    assertThat(nvml.description(1)).isEmpty();
  }

  /** The driver's library of long ago. */
  @Test
  void cannotDescribeWithoutTheFunctionsForIt() {
    assertThat(Nvml.open(library).orElseThrow().description(0)).isEmpty();
  }

  @Test
  void knowsNothingOfAGpuThatIsNotThere() {
    Nvml nvml = Nvml.open(library).orElseThrow();
    assertThat(nvml.memory(1)).isEmpty();
    assertThat(nvml.utilization(1)).isEmpty();
  }

  @Test
  void aQuestionThatTheGpuDoesNotKnow() throws ReflectiveOperationException {
    define("nvmlDeviceGetUtilizationRates", "never", ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    Nvml nvml = Nvml.open(library).orElseThrow();
    assertThat(nvml.memory(0)).isPresent();
    assertThat(nvml.utilization(0)).isEmpty();
  }

  @Test
  void aDriverThatDoesNotStart() throws ReflectiveOperationException {
    define("nvmlInit_v2", "fail");
    assertThat(Nvml.open(library)).isEmpty();
  }

  @Test
  void aLibraryThatLacksAFunction() {
    functions.remove("nvmlDeviceGetMemoryInfo");
    assertThat(Nvml.open(library)).isEmpty();
  }

  @Test
  void theMetersShowWhatItReads() {
    String scraped = scraped(0);
    assertThat(scraped)
        .contains("skiff_gpu_memory_used_bytes{device=\"0\"} 3.221225472E9\n")
        .contains("skiff_gpu_memory_size_bytes{device=\"0\"} 8.589934592E10\n")
        .contains("skiff_gpu_utilization_ratio{device=\"0\"} 0.25\n");
  }

  @Test
  void theMetersShowThatItCannotTell() {
    assertThat(scraped(1)).contains("skiff_gpu_utilization_ratio{device=\"1\"} NaN\n");
  }

  private String scraped(int device) {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    GpuMeters.bind(device, Nvml.open(library).orElseThrow(), registry);
    return registry.scrape();
  }

  private void define(String function, String method, ValueLayout... arguments)
      throws ReflectiveOperationException {
    FunctionDescriptor signature = FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments);
    MethodType type = signature.toMethodType();
    functions.put(
        function,
        Linker.nativeLinker()
            .upcallStub(
                MethodHandles.lookup().findStatic(NvmlTest.class, method, type), signature, arena));
  }

  static int init() {
    return 0;
  }

  static int fail() {
    return NOT_SUPPORTED;
  }

  static int device(int index, MemorySegment handle) {
    handle.reinterpret(8).set(ValueLayout.JAVA_LONG, 0, GPU);
    return index == 0 ? 0 : NO_SUCH_GPU;
  }

  static int memory(MemorySegment device, MemorySegment memory) {
    MemorySegment answer = memory.reinterpret(24);
    answer.setAtIndex(ValueLayout.JAVA_LONG, 0, 80L << 30);
    answer.setAtIndex(ValueLayout.JAVA_LONG, 1, 77L << 30);
    answer.setAtIndex(ValueLayout.JAVA_LONG, 2, 3L << 30);
    return device.address() == GPU ? 0 : NO_SUCH_GPU;
  }

  static int busy(MemorySegment device, MemorySegment rates) {
    MemorySegment answer = rates.reinterpret(8);
    answer.setAtIndex(ValueLayout.JAVA_INT, 0, 25);
    answer.setAtIndex(ValueLayout.JAVA_INT, 1, 60);
    return device.address() == GPU ? 0 : NO_SUCH_GPU;
  }

  static int name(MemorySegment device, MemorySegment name, int length) {
    name.reinterpret(length).setString(0, "NVIDIA Test");
    return 0;
  }

  static int capability(MemorySegment device, MemorySegment major, MemorySegment minor) {
    major.reinterpret(4).set(ValueLayout.JAVA_INT, 0, 9);
    minor.reinterpret(4).set(ValueLayout.JAVA_INT, 0, 0);
    return 0;
  }

  static int never(MemorySegment device, MemorySegment rates) {
    return NOT_SUPPORTED;
  }
}
