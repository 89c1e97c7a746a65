package dev.skiff.server.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Which models are served.
 *
 * @param folder the model repository
 * @param defaultModel the model that a path without a name means; without it, the only one there is
 */
public record RepositoryConfig(Path folder, Optional<String> defaultModel) {}
