package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which execution provider ONNX Runtime gave each node of a graph to, from its C API (since 1.24;
 * the Java binding has no such thing). Unlike a profile it is known without a run and costs runs
 * nothing. It counts the nodes after the basic optimisations: later ones may still fuse nodes of
 * one provider, and the copies between providers are not among them.
 *
 * @param nodes how many nodes each provider has, by the provider's label
 * @param cpuOperators the operators of the nodes on the CPU
 */
public record NodePlacement(SortedMap<String, Integer> nodes, SortedSet<String> cpuOperators) {
  static final NodePlacement UNKNOWN = new NodePlacement(new TreeMap<>(), new TreeSet<>());

  private static final String RECORD = "session.record_ep_graph_assignment_info";
  private static final String CPU = "cpu";

  public NodePlacement {
    nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
    cpuOperators = Collections.unmodifiableSortedSet(new TreeSet<>(cpuOperators));
  }

  /** How many nodes run on the CPU. */
  public int onCpu() {
    return nodes.getOrDefault(CPU, 0);
  }

  /** How many nodes there are. */
  public int total() {
    return nodes.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Has sessions of these options keep what {@link #of} asks for. */
  static void record(SessionOptions options) throws OrtException {
    options.addConfigEntry(RECORD, "1");
  }

  /** Where the nodes of a session are whose options were given to {@link #record}. */
  static NodePlacement of(OrtSession session) throws OrtException {
    try {
      return Binding.read((long) Binding.SESSION.get(session));
    } catch (Throwable e) {
      throw CApi.rethrown(e);
    }
  }

  /** "CUDAExecutionProvider" is cuda. */
  static String label(String provider) {
    return switch (provider) {
      case "CPUExecutionProvider" -> CPU;
      case "CUDAExecutionProvider" -> "cuda";
      case "TensorrtExecutionProvider" -> "tensorrt";
      default -> provider;
    };
  }

  /** What a server on the CPU never needs. */
  private static final class Binding {
    private static final int SESSION_GET_EP_GRAPH_ASSIGNMENT_INFO = 407;
    private static final int EP_ASSIGNED_SUBGRAPH_GET_EP_NAME = 408;
    private static final int EP_ASSIGNED_SUBGRAPH_GET_NODES = 409;
    private static final int EP_ASSIGNED_NODE_GET_OPERATOR_TYPE = 412;

    private static final MethodHandle SUBGRAPHS = parts(SESSION_GET_EP_GRAPH_ASSIGNMENT_INFO);
    private static final MethodHandle PROVIDER =
        CApi.statusFunction(EP_ASSIGNED_SUBGRAPH_GET_EP_NAME, CApi.POINTER, CApi.POINTER);
    private static final MethodHandle NODES = parts(EP_ASSIGNED_SUBGRAPH_GET_NODES);
    private static final MethodHandle OPERATOR =
        CApi.statusFunction(EP_ASSIGNED_NODE_GET_OPERATOR_TYPE, CApi.POINTER, CApi.POINTER);
    private static final VarHandle SESSION;

    static {
      try {
        SESSION =
            MethodHandles.privateLookupIn(OrtSession.class, MethodHandles.lookup())
                .findVarHandle(OrtSession.class, "nativeHandle", long.class);
      } catch (ReflectiveOperationException e) {
        throw CApi.moved(e);
      }
    }

    /** A function from a thing to the array of its parts, and how many they are. */
    private static MethodHandle parts(int index) {
      return CApi.statusFunction(index, CApi.POINTER, CApi.POINTER, CApi.POINTER);
    }

    static NodePlacement read(long session) throws Throwable {
      SortedMap<String, Integer> nodes = new TreeMap<>();
      SortedSet<String> cpuOperators = new TreeSet<>();
      try (Arena arena = Arena.ofConfined()) {
        for (long subgraph : parts(SUBGRAPHS, session, arena)) {
          String provider = label(text(PROVIDER, subgraph, arena));
          for (long node : parts(NODES, subgraph, arena)) {
            nodes.merge(provider, 1, Integer::sum);
            if (provider.equals(CPU)) {
              cpuOperators.add(text(OPERATOR, node, arena));
            }
          }
        }
      }
      return new NodePlacement(nodes, cpuOperators);
    }

    /** The session owns the array and what it points to. */
    private static long[] parts(MethodHandle function, long whole, Arena arena) throws Throwable {
      MemorySegment array = arena.allocate(CApi.POINTER);
      MemorySegment size = arena.allocate(CApi.SIZE);
      CApi.check((long) function.invokeExact(whole, array.address(), size.address()));
      long length = size.get(CApi.SIZE, 0);
      return length == 0
          ? new long[0]
          : MemorySegment.ofAddress(array.get(CApi.POINTER, 0))
              .reinterpret(length * CApi.POINTER.byteSize())
              .toArray(CApi.POINTER);
    }

    private static String text(MethodHandle function, long thing, Arena arena) throws Throwable {
      MemorySegment text = arena.allocate(CApi.POINTER);
      CApi.check((long) function.invokeExact(thing, text.address()));
      return MemorySegment.ofAddress(text.get(CApi.POINTER, 0))
          .reinterpret(Long.MAX_VALUE)
          .getString(0);
    }
  }
}
