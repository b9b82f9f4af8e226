package io.milepost.config.kube;

import io.milepost.mesh.SourceRef;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Words for rules that can never match. */
final class Shadows {
    private static final Pattern INDEX = Pattern.compile("\\[(\\d+)]");

    private Shadows() {}

    /** For example: rule 3 of VirtualService reviews can never match: rule 1 has the same match. */
    static String message(SourceRef hidden, SourceRef by, String why) {
        String of = hidden.kind().equals(by.kind())
                        && hidden.namespace().equals(by.namespace())
                        && hidden.name().equals(by.name())
                ? ""
                : " of " + name(by);
        return "rule " + number(hidden) + " of " + name(hidden) + " can never match: rule " + number(by) + of + " "
                + why;
    }

    private static String name(SourceRef r) {
        return r.kind() + " " + r.name();
    }

    /** Rules count from one. */
    static int number(SourceRef r) {
        Matcher m = INDEX.matcher(r.field());
        return m.find() ? Integer.parseInt(m.group(1)) + 1 : 1;
    }
}
