package io.milepost.waypoint.admin;

import io.milepost.config.analyze.Analysis;
import io.milepost.config.kube.Finding;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.waypoint.upstream.ClusterState;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the pages may ask of a waypoint, and the one thing that they may do to it. Any thread. */
public interface Operations {
    /** Envoy's names, as {@code /server_info} and {@code /ready} print them. */
    enum State {
        PRE_INITIALIZING,
        LIVE,
        DRAINING
    }

    /** {@link State#LIVE} only when a configuration is in force and the HBONE port accepts. */
    State state();

    /** The configuration in force; null before the first. */
    @Nullable
    MeshSnapshot snapshot();

    Collection<ClusterState> clusters();

    /** What the translator had to say of the files it read last. */
    List<Finding> findings();

    /**
     * Conditions and findings of every object as {@code ./milepost analyze} tells them, of the files as they are now; empty
     * where the configuration does not come from files. May take a while.
     */
    Optional<Analysis> analysis();

    /** Prometheus's text. */
    void scrape(Appendable out) throws IOException;

    /** Facts for {@code /server_info}. */
    Map<String, Object> info();

    /** Asks clients to go elsewhere and finishes what runs; the process stays. */
    void drain();
}
