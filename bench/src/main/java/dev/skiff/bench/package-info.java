/**
 * A load tester for HTTP servers. It opens raw sockets, sends one prebuilt request over and over,
 * and writes down what came back; it shares no code with the server that it measures.
 */
@NullMarked
package dev.skiff.bench;

import org.jspecify.annotations.NullMarked;
