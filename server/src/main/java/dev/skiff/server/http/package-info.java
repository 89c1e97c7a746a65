/** HTTP: the doors, the handlers, the readers and writers of the wire formats. */
@NullMarked
package dev.skiff.server.http;

import org.jspecify.annotations.NullMarked;
