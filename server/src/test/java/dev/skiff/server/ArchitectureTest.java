package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArchitectureTest {
  private static final Path CLASSES = Path.of("target/classes");

  @Test
  void theHouseIsBuiltAsPlanned() throws IOException {
    assertThat(Architecture.violations(CompiledClass.in(CLASSES))).isEmpty();
  }

  @Test
  void thePlanHasNoCycles() {
    assertThat(Architecture.cycles(Architecture.DIRECTIONS)).isEmpty();
    assertThat(
            Architecture.cycles(
                Map.of("a", Set.of("b"), "b", Set.of("c"), "c", Set.of("b"), "d", Set.of("d"))))
        .containsExactly("b", "c", "d");
  }

  /** Rules about packages and libraries that are not there would hold for ever. */
  @Test
  void thePlanIsAboutTheHouse() throws IOException {
    List<CompiledClass> classes = CompiledClass.in(CLASSES);
    assertThat(classes)
        .extracting(CompiledClass::name)
        .contains(Main.class.getName(), Server.class.getName());
    Architecture.DIRECTIONS.forEach(
        (own, others) -> {
          Set<String> used = usedIn(classes, own);
          assertThat(used).as(own).isNotEmpty();
          for (String other : others) {
            String prefix = Architecture.ROOT + "." + other + ".";
            assertThat(used).as(own).anyMatch(name -> name.startsWith(prefix));
          }
        });
    Architecture.OWNERS.forEach(
        (library, owners) -> {
          // Micrometer's registry brings it along; no class of ours names it yet.
          if (!library.equals("io.prometheus.")) {
            for (String owner : owners) {
              assertThat(usedIn(classes, owner))
                  .as(owner)
                  .anyMatch(name -> name.startsWith(library));
            }
          }
        });
  }

  @ParameterizedTest
  @CsvSource({
    "inference.Tensor, config.Key",
    "config.Key, inference.Tensor",
    "metrics.Metrics, inference.ErrorCode",
    "batching.Batcher, runtime.OnnxSession",
    "batching.Batcher, model.ModelVersion",
    "runtime.OnnxSession, model.ModelVersion",
    "runtime.OnnxSession, config.RuntimeConfig",
    "model.ModelLoader, http.HttpServer",
    "model.ModelLoader, metrics.Metrics",
    "logging.Logging, http.HttpServer",
    "http.HttpServer, runtime.OnnxSession",
    "http.HttpServer, Server"
  })
  void aPackageMustNotKnowOneThatIsNotBelow(String user, String used) {
    String name = Architecture.ROOT + "." + user;
    String other = Architecture.ROOT + "." + used;
    assertThat(violations(name, ClassDesc.of(other), Use.FIELD))
        .containsExactly(name + " must not know " + other);
  }

  @ParameterizedTest
  @CsvSource({
    "http.HttpServer, ai.onnxruntime.OrtSession",
    "Server, ai.onnxruntime.OrtSession",
    "model.ModelLoader, io.javalin.Javalin",
    "Main, io.javalin.Javalin",
    "Main, io.javalin.util.JavalinBindException",
    "metrics.Metrics, org.eclipse.jetty.server.Server",
    "inference.Tensor, jakarta.servlet.Servlet",
    "model.ModelLoader, com.fasterxml.jackson.databind.ObjectMapper",
    "http.HttpServer, io.micrometer.core.instrument.Timer",
    "http.HttpServer, io.prometheus.metrics.model.snapshots.Labels",
    "Main, picocli.CommandLine"
  })
  void aLibraryIsKnownToItsOwnersOnly(String user, String used) {
    String name = Architecture.ROOT + "." + user;
    assertThat(violations(name, ClassDesc.of(used), Use.FIELD))
        .containsExactly(name + " must not know " + used);
  }

  @ParameterizedTest
  @EnumSource
  void aClassIsKnownHoweverItIsNamed(Use use) {
    String name = Architecture.ROOT + ".http.MadeUp";
    assertThat(violations(name, ClassDesc.of("ai.onnxruntime.OrtSession"), use))
        .containsExactly(name + " must not know ai.onnxruntime.OrtSession");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http.JsonUtil",
        "http.FileHelper",
        "model.ModelManager",
        "config.KeyImpl",
        "http.JsonUtils$Part"
      })
  void aClassHasANameThatSaysSomething(String type) {
    String name = Architecture.ROOT + "." + type;
    assertThat(violations(name, ConstantDescs.CD_String, Use.FIELD))
        .containsExactly(name + " has a name that says nothing");
  }

  @ParameterizedTest
  @ValueSource(strings = {"util", "common", "http.impl"})
  void aPackageHasANameThatSaysSomething(String room) {
    String name = Architecture.ROOT + "." + room + ".Text";
    assertThat(violations(name, ConstantDescs.CD_String, Use.FIELD))
        .contains(name + " has a name that says nothing");
  }

  @Test
  void aNewPackageNeedsARule() {
    String name = Architecture.ROOT + ".cache.Cache";
    assertThat(violations(name, ConstantDescs.CD_String, Use.FIELD))
        .containsExactly(name + " is in a package that the plan does not know");
  }

  private static Set<String> usedIn(List<CompiledClass> classes, String room) {
    return classes.stream()
        .filter(type -> type.packageName().equals(Architecture.ROOT + "." + room))
        .flatMap(type -> type.references().stream())
        .collect(Collectors.toSet());
  }

  private static Set<String> violations(String name, ClassDesc used, Use use) {
    byte[] bytes = ClassFile.of().build(ClassDesc.of(name), type -> use.write(type, used));
    return Architecture.violations(List.of(CompiledClass.of(bytes)));
  }
}
