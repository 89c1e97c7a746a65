package dev.skiff.server.http;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs a class of tests once for each {@link Door}, with a server over the models under {@code
 * src/test/fixtures} that has only this one.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ClassTemplate
@ExtendWith(BothDoors.Provider.class)
@interface BothDoors {

  /** One run of the class. */
  record Run(Door door) implements ClassTemplateInvocationContext {
    @Override
    public String getDisplayName(int index) {
      return door.name();
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
      return List.of(new ServerExtension.Fixtures(door));
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
      return Stream.of(Door.values()).map(Run::new);
    }
  }
}
