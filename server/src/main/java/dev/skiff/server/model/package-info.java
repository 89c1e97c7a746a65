/** The models: found on disk, loaded, handed out under leases, retired. */
@NullMarked
package dev.skiff.server.model;

import org.jspecify.annotations.NullMarked;
