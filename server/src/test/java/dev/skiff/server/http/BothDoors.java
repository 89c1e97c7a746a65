package dev.skiff.server.http;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Runs a class of tests once for each {@link Door}, with a server that has only this one. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ClassTemplate
@ExtendWith(BothDoors.Provider.class)
@interface BothDoors {
  /** What the server serves. */
  Models value() default Models.FIXTURES;

  /** Folders of models. */
  enum Models {
    /** The models under {@code src/test/fixtures}. */
    FIXTURES(TestServer.FIXTURES),

    /** The models that ship. */
    SHIPPED(TestServer.MODELS);

    private final Path folder;

    Models(Path folder) {
      this.folder = folder;
    }
  }

  /** One run of the class. */
  record Run(Models models, Door door) implements ClassTemplateInvocationContext {
    @Override
    public String getDisplayName(int index) {
      return door.name();
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
      return List.of(new ServerExtension(models.folder, door));
    }
  }

  /** Both runs. */
  final class Provider implements ClassTemplateInvocationContextProvider {
    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
      return true;
    }

    @Override
    public Stream<Run> provideClassTemplateInvocationContexts(ExtensionContext context) {
      Models models = context.getRequiredTestClass().getAnnotation(BothDoors.class).value();
      return Stream.of(Door.values()).map(door -> new Run(models, door));
    }
  }
}
