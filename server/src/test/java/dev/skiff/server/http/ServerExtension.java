package dev.skiff.server.http;

import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives a test the server of a folder: {@link Fixtures} the tests' own models, {@link Shipped}
 * those that ship. One server each serves all test classes of a run.
 */
abstract class ServerExtension implements ParameterResolver {
  private final Path models;

  private ServerExtension(Path models) {
    this.models = models;
  }

  /** The models under {@code src/test/fixtures}. */
  static final class Fixtures extends ServerExtension {
    Fixtures() {
      super(TestServer.FIXTURES);
    }
  }

  /** The models under {@code models}. */
  static final class Shipped extends ServerExtension {
    Shipped() {
      super(TestServer.MODELS);
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == TestServer.class;
  }

  @Override
  public TestServer resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(Namespace.create(ServerExtension.class))
        .computeIfAbsent(models, folder -> TestServer.start(folder), TestServer.class);
  }
}
