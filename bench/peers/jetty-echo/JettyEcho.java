import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The most that Skiff's own HTTP server can do: reads each body and sends it back, on the thread
 * that found it on the network, through nothing but Jetty's core.
 *
 * <p>Arguments: the address and the port to listen on.
 */
class JettyEcho {
  public static void main(String[] arguments) throws Exception {
    Server server = new Server(new QueuedThreadPool(16));
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    http.setUseInputDirectByteBuffers(false);
    int selectors = Runtime.getRuntime().availableProcessors();
    ServerConnector connector =
        new ServerConnector(
            server, null, null, null, 1, selectors, new HttpConnectionFactory(http));
    connector.setHost(arguments[0]);
    connector.setPort(Integer.parseInt(arguments[1]));
    server.addConnector(connector);
    server.setHandler(new Echo());
    server.start();
    server.join();
  }

  private static final class Echo extends Handler.Abstract.NonBlocking {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      ByteBuffer body = ByteBuffer.allocate(Math.toIntExact(request.getLength()));
      new Visit(request, response, callback, body).run();
      return true;
    }
  }

  /** Of one request. Goes on by itself while the body is there, else when more of it has come. */
  private record Visit(Request request, Response response, Callback callback, ByteBuffer body)
      implements Invocable.Task {
    @Override
    public InvocationType getInvocationType() {
      return InvocationType.NON_BLOCKING;
    }

    @Override
    public void run() {
      boolean last = false;
      while (!last) {
        Content.Chunk chunk = request.read();
        if (chunk == null) {
          request.demand(this);
          return;
        }
        if (Content.Chunk.isFailure(chunk)) {
          callback.failed(chunk.getFailure());
          return;
        }
        body.put(chunk.getByteBuffer());
        last = chunk.isLast();
        chunk.release();
      }
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.flip().remaining());
      response.write(true, body, callback);
    }
  }
}
