package dev.skiff.bench;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Who decides when a request goes out: the replies, or the clock. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Loop.Closed.class, name = "closed"),
  @JsonSubTypes.Type(value = Loop.Open.class, name = "open")
})
sealed interface Loop {

  /** The pacer of one worker among several that share the load evenly. */
  Pacer pacer(int worker, int workers);

  /** Every connection sends its next request when the reply to the last one came. */
  record Closed() implements Loop {
    @Override
    public Pacer pacer(int worker, int workers) {
      return new Pacer.OnReply();
    }
  }

  /** Requests go out at a fixed rate over all connections. */
  record Open(double requestsPerSecond) implements Loop {
    public Open {
      if (!(requestsPerSecond > 0) || Double.isInfinite(requestsPerSecond)) {
        throw new IllegalArgumentException("the rate must be more than 0 requests/s");
      }
    }

    @Override
    public Pacer pacer(int worker, int workers) {
      return new Pacer.Constant(
          requestsPerSecond / workers, Math.round(worker * 1e9 / requestsPerSecond));
    }
  }
}
