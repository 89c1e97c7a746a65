package dev.skiff.server.config;

/**
 * Where those who operate the server are answered, apart from everybody else.
 *
 * @param host the address to listen on
 * @param port the port, 0 for any free one
 */
public record ManagementConfig(String host, int port) {}
