package dev.skiff.bench;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One HTTP/1.1 request, built once and sent many times.
 *
 * @param address the server, resolved
 * @param bytes the whole request, in direct memory; every call of the accessor gives a view with a
 *     position of its own, so that connections can share the bytes
 */
record Request(InetSocketAddress address, ByteBuffer bytes) {
  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
  private static final Pattern HEADER = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\\r\\n]*");

  @Override
  public ByteBuffer bytes() {
    return bytes.asReadOnlyBuffer();
  }

  /**
   * @param contentType empty for no Content-Type
   * @param headers lines {@code Name: value}; a Host here replaces the one made from the URL
   * @throws IllegalArgumentException where the URL is no plain {@code http} one, or a header line
   *     or the method is not valid
   */
  static Request of(URI url, String method, List<String> headers, String contentType, byte[] body)
      throws UnknownHostException {
    String host = url.getHost();
    if (!"http".equalsIgnoreCase(url.getScheme()) || host == null) {
      throw new IllegalArgumentException("the URL must look like http://host:port/path: " + url);
    }
    if (!TOKEN.matcher(method).matches() || method.equals("HEAD") || method.equals("CONNECT")) {
      throw new IllegalArgumentException("no method to test with: " + method);
    }
    InetSocketAddress address =
        new InetSocketAddress(host, url.getPort() == -1 ? 80 : url.getPort());
    if (address.isUnresolved()) {
      throw new UnknownHostException(host);
    }
    byte[] head =
        head(url, method, headers, contentType, body.length).getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocateDirect(head.length + body.length);
    return new Request(address, bytes.put(head).put(body).flip());
  }

  private static String head(
      URI url, String method, List<String> headers, String contentType, int bodyBytes) {
    String path = url.getRawPath().isEmpty() ? "/" : url.getRawPath();
    String query = url.getRawQuery() == null ? "" : "?" + url.getRawQuery();
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(path).append(query).append(" HTTP/1.1\r\n");
    if (headers.stream().noneMatch(line -> line.toLowerCase(Locale.ROOT).startsWith("host:"))) {
      head.append("Host: ").append(url.getRawAuthority()).append("\r\n");
    }
    if (!contentType.isEmpty()) {
      line(head, "Content-Type: " + contentType);
    }
    if (bodyBytes > 0 || method.startsWith("P")) {
      line(head, "Content-Length: " + bodyBytes);
    }
    headers.forEach(line -> line(head, line));
    return head.append("\r\n").toString();
  }

  private static void line(StringBuilder head, String line) {
    if (!HEADER.matcher(line).matches()) {
      throw new IllegalArgumentException("a header must look like 'Name: value': " + line);
    }
    head.append(line).append("\r\n");
  }
}
