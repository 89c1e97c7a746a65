package dev.skiff.server.http;

import dev.skiff.server.config.AccessConfig;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConnectionFactory;

/** What keeps strangers out, read and checked; nothing of it is loaded that is not asked for. */
public final class Access {
  private final AccessConfig config;
  private final Gate gate;
  private final List<ConnectionFactory> encryption;

  private Access(AccessConfig config, Gate gate, List<ConnectionFactory> encryption) {
    this.config = config;
    this.gate = gate;
    this.encryption = encryption;
  }

  /**
   * Reads the files.
   *
   * @throws dev.skiff.server.config.ConfigException for the first one that is wrong
   */
  public static Access open(AccessConfig config) {
    // Not by references to their constructors, which load a class even if nobody calls them.
    Gate gate = config.apiKeys().isPresent() ? new ApiKeys(config.apiKeys().get()) : Gate.OPEN;
    List<ConnectionFactory> encryption =
        config.tls().isPresent() ? List.of(new Tls(config.tls().get())) : List.of();
    return new Access(config, gate, encryption);
  }

  /** Whether metrics and model control are on the port of the predictions. */
  boolean isOnePort() {
    return config.management().isEmpty();
  }

  /** What connections are made of that speak HTTP in the end, from the network inwards. */
  ConnectionFactory[] connections(HttpConnectionFactory http) {
    return Stream.concat(encryption.stream(), Stream.of(http)).toArray(ConnectionFactory[]::new);
  }

  /** Who is answered. */
  Gate gate() {
    return gate;
  }
}
