/** How events are written: one line each, as text or JSON, with the request they belong to. */
@NullMarked
package dev.skiff.server.logging;

import org.jspecify.annotations.NullMarked;
