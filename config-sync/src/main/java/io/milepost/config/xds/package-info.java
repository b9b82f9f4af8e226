/**
 * istiod's resources (Envoy's listeners, clusters and endpoints, Istio's workload records) and their reading into a
 * {@link io.milepost.mesh.MeshSnapshot}.
 *
 * <p>Start with {@link io.milepost.config.xds.EnvoyResourceReader}: it is pure and takes {@link
 * io.milepost.config.xds.EnvoyResources}, parsed messages that may come from a recorded dump ({@link
 * io.milepost.config.xds.DumpSource}) or from the wire. Security configuration that is not understood makes the chain
 * that carries it deny; it never refuses the whole update.
 */
@NullMarked
package io.milepost.config.xds;

import org.jspecify.annotations.NullMarked;
