package dev.skiff.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Clients that keep a server busy, each with one request after the other on its own connection and
 * numbers of its own in each, until they are sent away or the server is gone. Half of them ask a
 * quick model, half a slow one. Closing them sends them away.
 */
final class LoadedClients implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 240;
  private static final int COUNT = 8;
  private static final int ITERATIONS = 5_000;
  private static final Pattern LENGTH =
      Pattern.compile("^content-length: (\\d+)$", Pattern.MULTILINE | Pattern.CASE_INSENSITIVE);
  private static final Pattern CLOSE =
      Pattern.compile("^connection: close$", Pattern.MULTILINE | Pattern.CASE_INSENSITIVE);

  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());
  private final Semaphore answered = new Semaphore(0);
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final Queue<String> unanswered = new ConcurrentLinkedQueue<>();
  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private final String host;
  private final int port;
  private volatile boolean away;

  /**
   * Starts them.
   *
   * @param address of the server, as {@code host:port}; it has the tests' models {@code
   *     identity-fp32} and {@code slow}
   */
  LoadedClients(String address) {
    int colon = address.lastIndexOf(':');
    host = address.substring(0, colon);
    port = Integer.parseInt(address.substring(colon + 1));
    for (int i = 0; i < COUNT; i++) {
      boolean quick = i % 2 == 0;
      threads.execute(() -> keepAsking(quick));
    }
  }

  /** Waits for so many right answers since the last call. */
  void awaitAnswers(int count) throws InterruptedException {
    if (!answered.tryAcquire(count, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("fewer than " + count + " answers; wrong ones: " + wrong);
    }
  }

  /** Lets each finish the request that it is at, and send no more. */
  void sendAway() {
    away = true;
  }

  /** Requests that were answered with 503. */
  int refused() {
    return refused.get();
  }

  /** Requests whose connection ended before the first byte of a reply. */
  Queue<String> unanswered() {
    return unanswered;
  }

  /** Replies that were cut off, or had another content than they should. */
  Queue<String> wrong() {
    return wrong;
  }

  /** Waits until all of them have their last reply. */
  void awaitLast() {
    threads.close();
  }

  @Override
  public void close() {
    sendAway();
    awaitLast();
  }

  private void keepAsking(boolean quick) {
    boolean gone = false;
    while (!away && !gone) {
      try (Socket socket = new Socket(host, port)) {
        socket.setSoTimeout(PATIENCE_SECONDS * 1000);
        InputStream in = new BufferedInputStream(socket.getInputStream());
        boolean open = true;
        while (open && !away) {
          open = ask(socket, in, quick);
        }
      } catch (ConnectException e) {
        gone = true;
      } catch (IOException e) {
        unanswered.add(e.toString());
      }
    }
  }

  /** One request and its reply; whether the connection stays open. */
  private boolean ask(Socket socket, InputStream in, boolean quick) throws IOException {
    int number = requests.incrementAndGet();
    String body =
        quick
            ? "[%d,2,3]".formatted(number)
            : "{\"inputs\":{\"x\":[[%d,2,3]],\"iterations\":[%d]}}".formatted(number, ITERATIONS);
    String expected =
        quick
            ? "{\"prediction\":[%d.0,2.0,3.0]}".formatted(number)
            : "{\"outputs\":[[%d.0,%d.0,%d.0]]}"
                .formatted(number + ITERATIONS, 2 + ITERATIONS, 3 + ITERATIONS);
    String head =
        "POST /predict/%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
            .formatted(quick ? "identity-fp32" : "slow", body.length());
    socket.getOutputStream().write((head + body).getBytes(StandardCharsets.US_ASCII));
    int first = in.read();
    if (first < 0) {
      unanswered.add("the connection ended");
      return false;
    }
    return check(in, (char) first, expected);
  }

  private boolean check(InputStream in, char first, String expected) throws IOException {
    StringBuilder head = new StringBuilder().append(first);
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        wrong.add("cut off after " + head);
        return false;
      }
      head.append((char) next);
    }
    String lines = head.toString().replace("\r", "");
    Matcher length = LENGTH.matcher(lines);
    byte[] body = in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
    String text = new String(body, StandardCharsets.UTF_8);
    if (lines.startsWith("HTTP/1.1 503 ")) {
      refused.incrementAndGet();
    } else if (lines.startsWith("HTTP/1.1 200 ") && text.equals(expected)) {
      answered.release();
    } else {
      wrong.add(lines + text + ", expected " + expected);
    }
    return !CLOSE.matcher(lines).find();
  }
}
