package io.milepost.config.kube;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

/** Patterns of users: RE2 only, checked when configuration is read. */
final class Regexes {
    private Regexes() {}

    static boolean valid(Fields f, String field, String pattern) {
        try {
            Pattern.compile(pattern);
            return true;
        } catch (PatternSyntaxException e) {
            f.error(field, "'" + pattern + "' is no RE2 expression: " + e.getDescription());
            return false;
        }
    }
}
