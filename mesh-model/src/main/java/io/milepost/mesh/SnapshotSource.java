package io.milepost.mesh;

import java.util.function.Consumer;

/** Something that delivers snapshots: a directory, istiod, a recorded dump. */
public interface SnapshotSource extends AutoCloseable {
    /**
     * Delivers the first snapshot before it returns (or throws what is wrong with the configuration), and every later
     * one on a thread of its own. A configuration that is broken later is reported and not delivered: the last good
     * one stays in force.
     */
    void start(Consumer<MeshSnapshot> receiver);

    @Override
    void close();
}
