/**
 * What a waypoint or ztunnel does, as immutable records.
 *
 * <p>Start with {@link io.milepost.mesh.MeshSnapshot}: it ties {@link io.milepost.mesh.Dispatch} (where does a CONNECT
 * go), {@link io.milepost.mesh.HttpChain} and {@link io.milepost.mesh.TcpChain} (what happens to it there), {@link
 * io.milepost.mesh.Cluster} and {@link io.milepost.mesh.Endpoints} (where may it be sent) and {@link
 * io.milepost.mesh.WorkloadIndex} (who is who). Two very different sources fill it (Kubernetes objects and istiod's
 * resources), so it speaks neither language: it knows nothing of Netty, Kubernetes, protobuf or YAML.
 */
@NullMarked
package io.milepost.mesh;

import org.jspecify.annotations.NullMarked;
