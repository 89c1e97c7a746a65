package dev.skiff.server.http;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A client that speaks TLS to a server, with the authority and the certificate of its context. */
final class TlsClient implements AutoCloseable {
  private final SSLContext context;
  private final TestServer server;
  private final HttpClient http;

  TlsClient(SSLContext context, TestServer server) {
    this.context = context;
    this.server = server;
    this.http =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(context).build();
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(request(path).build(), BodyHandlers.ofString());
  }

  HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
    return http.send(
        request(path).POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
  }

  /** A connection of its own that gives up reading in the end; the caller closes it. */
  SSLSocket connect() throws IOException {
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port());
    socket.setSoTimeout(TestServer.PATIENCE_MILLIS);
    return socket;
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + path));
  }

  @Override
  public void close() {
    http.close();
  }
}
