package dev.skiff.server.config;

/**
 * Where metrics and probes are answered apart from everything else.
 *
 * @param host the address to listen on
 * @param port the port, 0 for any free one
 */
public record ManagementConfig(String host, int port) {}
