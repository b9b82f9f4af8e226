package io.milepost.config.kube;

import io.milepost.config.kube.LocalitySetting.Distribute;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.LocalityEndpoints;
import io.milepost.mesh.Locality;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Groups endpoints by locality and gives the groups ranks and weights, as istiod does. Pure. */
final class Localities {
    private static final Comparator<Locality> BY_NAME = Localities::compare;

    private Localities() {}

    private static int compare(Locality a, Locality b) {
        int c = a.region().compareTo(b.region());
        c = c == 0 ? a.zone().compareTo(b.zone()) : c;
        return c == 0 ? a.subzone().compareTo(b.subzone()) : c;
    }

    /** An endpoint and where it is. */
    record Placed(Endpoint endpoint, Place place) {}

    /** A group on its way; the rank may have gaps. */
    private record Group(Locality locality, int rank, int weight, List<Placed> members) {}

    /** @param self the waypoint's own place */
    static List<LocalityEndpoints> arrange(List<Placed> endpoints, LocalitySetting setting, Place self) {
        Map<Locality, List<Placed>> byLocality = new TreeMap<>(BY_NAME);
        for (Placed p : endpoints) {
            byLocality
                    .computeIfAbsent(p.place().locality(), l -> new ArrayList<>())
                    .add(p);
        }
        List<Group> groups = new ArrayList<>();
        byLocality.forEach((l, m) -> groups.add(new Group(l, 0, sum(m), m)));
        List<Group> done = groups;
        if (!setting.distribute().isEmpty()) {
            done = distribute(groups, setting.distribute(), self.locality());
        } else if (setting.ranked()) {
            done = rank(groups, setting, self);
        }
        return out(done, setting.weighted());
    }

    private static int sum(List<Placed> members) {
        int sum = 0;
        for (Placed p : members) {
            sum += p.endpoint().weight();
        }
        return sum;
    }

    private static List<LocalityEndpoints> out(List<Group> groups, boolean weighted) {
        Set<Integer> sorted = new TreeSet<>();
        for (Group g : groups) {
            sorted.add(g.rank());
        }
        List<Integer> ranks = new ArrayList<>(sorted);
        List<LocalityEndpoints> out = new ArrayList<>();
        for (Group g : groups) {
            List<Endpoint> members = new ArrayList<>(g.members().size());
            for (Placed p : g.members()) {
                members.add(p.endpoint());
            }
            out.add(new LocalityEndpoints(g.locality(), ranks.indexOf(g.rank()), weighted ? g.weight() : 0, members));
        }
        out.sort((a, b) -> Integer.compare(a.priority(), b.priority()));
        return out;
    }

    /** The first entry for the waypoint's locality counts; localities that it does not name get nothing. */
    private static List<Group> distribute(List<Group> groups, List<Distribute> settings, Locality self) {
        for (Distribute d : settings) {
            if (matches(self, d.from())) {
                return share(groups, d.to());
            }
        }
        return groups;
    }

    private static List<Group> share(List<Group> groups, Map<String, Integer> to) {
        List<Group> left = new ArrayList<>(groups);
        List<Group> out = new ArrayList<>();
        to.forEach((pattern, share) -> {
            List<Group> hit =
                    left.stream().filter(g -> matches(g.locality(), pattern)).toList();
            left.removeAll(hit);
            int total = hit.stream().mapToInt(Group::weight).sum();
            for (Group g : hit) {
                int weight = (int) Math.ceil((double) g.weight() * share / total);
                if (weight > 0) {
                    out.add(new Group(g.locality(), 0, weight, g.members()));
                }
            }
        });
        out.sort(Comparator.comparing(Group::locality, BY_NAME));
        return out;
    }

    private static List<Group> rank(List<Group> groups, LocalitySetting s, Place self) {
        if (s.priorities().isEmpty()) {
            return byRegion(groups, s.failover(), self.locality());
        }
        if (self.labels().isEmpty()) {
            return groups;
        }
        List<Group> out = new ArrayList<>();
        for (Group g : groups) {
            Map<Integer, List<Placed>> split = new TreeMap<>();
            for (Placed p : g.members()) {
                split.computeIfAbsent(likeness(p.place().labels(), s.priorities(), self), r -> new ArrayList<>())
                        .add(p);
            }
            split.forEach((r, m) -> out.add(new Group(g.locality(), r, sum(m), m)));
        }
        return s.failover().isEmpty() ? out : byRegion(out, s.failover(), self.locality());
    }

    /** 0 when all labels are alike; otherwise the earlier the first difference, the worse. */
    private static int likeness(Map<String, String> labels, List<String> priorities, Place self) {
        for (int i = 0; i < priorities.size(); i++) {
            String key = priorities.get(i);
            int equals = key.indexOf('=');
            String name = equals < 0 ? key : key.substring(0, equals);
            String wanted = equals < 0 ? self.labels().getOrDefault(name, "") : key.substring(equals + 1);
            if (!wanted.equals(labels.getOrDefault(name, ""))) {
                return priorities.size() - i;
            }
        }
        return 0;
    }

    private static List<Group> byRegion(List<Group> groups, Map<String, String> failover, Locality self) {
        String next = failover.get(self.region());
        List<Group> out = new ArrayList<>();
        for (Group g : groups) {
            int distance = distance(self, g.locality());
            if (distance == 3 && next != null && !g.locality().region().equals(next)) {
                distance = 4;
            }
            out.add(new Group(g.locality(), g.rank() * 5 + distance, g.weight(), g.members()));
        }
        return out;
    }

    private static int distance(Locality a, Locality b) {
        if (!a.region().equals(b.region())) {
            return 3;
        }
        if (!a.zone().equals(b.zone())) {
            return 2;
        }
        return a.subzone().equals(b.subzone()) ? 0 : 1;
    }

    /** {@code region/zone/subzone}; a star or nothing fits everything. */
    private static boolean matches(Locality l, String pattern) {
        String[] p = pattern.split("/", -1);
        return (p[0].equals("*") || p[0].equals(l.region()))
                && (p.length < 2 || fits(p[1], l.zone()))
                && (p.length < 3 || fits(p[2], l.subzone()));
    }

    private static boolean fits(String pattern, String value) {
        return pattern.isEmpty() || pattern.equals("*") || pattern.equals(value);
    }
}
