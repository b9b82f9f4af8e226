package io.milepost.mesh;

import java.util.List;

/** All conditions must hold. */
public record RouteMatch(PathMatch path, List<HeaderMatch> headers, List<QueryMatch> query) {
    /** The first value of the parameter counts, undecoded; {@code ?flag} equals {@code ?flag=}. */
    public record QueryMatch(String name, ValueMatch value) {}

    public static final RouteMatch ANY = new RouteMatch(PathMatch.ANY, List.of(), List.of());

    public RouteMatch {
        headers = List.copyOf(headers);
        query = List.copyOf(query);
    }
}
