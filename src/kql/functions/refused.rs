//! Functions that Kusto has and that have no value here. A query with them binds; a value of theirs is refused.

use crate::kql::value::Type;

/// Functions of the reference that are bound, but have no value here, with their types and the reason.
pub(super) const REFUSED: &[(&str, Type, &str)] = &[
    ("new_guid", Type::Guid, REPEATABLE),
    ("rand", Type::Real, REPEATABLE),
    (
        "current_cluster_endpoint current_database current_principal row_id",
        Type::String,
        CLUSTER,
    ),
    ("current_principal_details extent_tags", Type::Dynamic, CLUSTER),
    ("extent_id extentid", Type::Guid, CLUSTER),
    (
        "current_principal_is_member_of cursor_after cursor_before_or_at",
        Type::Bool,
        CLUSTER,
    ),
    ("cursor_current", Type::String, CLUSTER),
    (
        "hash_combine hash_many",
        Type::Long,
        "the reference does not state how hashes are combined",
    ),
    (
        "weekofyear",
        Type::Int,
        "the reference does not state on which day its weeks begin; use `week_of_year`",
    ),
    (
        "geo_info_from_ip_address",
        Type::Dynamic,
        "there is no database of addresses and countries",
    ),
    (
        "parse_user_agent",
        Type::Dynamic,
        "its patterns are not part of the reference",
    ),
    (
        "hll_merge tdigest_merge merge_tdigest percentile_tdigest percentiles_array_tdigest",
        Type::Dynamic,
        ESTIMATES,
    ),
    ("dcount_hll", Type::Long, ESTIMATES),
    ("percentrank_tdigest rank_tdigest", Type::Real, ESTIMATES),
    ("hll_isvalid tdigest_isvalid", Type::Bool, ESTIMATES),
    ("datetime_utc_to_local datetime_local_to_utc", Type::Datetime, ZONES),
    ("datetime_list_timezones", Type::Dynamic, ZONES),
    (
        "series_decompose series_decompose_anomalies series_decompose_forecast series_periods_detect \
         series_periods_validate series_seasonal series_fit_2lines series_fit_2lines_dynamic series_fit_poly \
         series_outliers series_fft series_ifft",
        Type::Dynamic,
        "the reference sketches the arithmetic only",
    ),
    (
        "estimate_data_size",
        Type::Long,
        "the size of stored data is not documented",
    ),
    (
        "convert_angle convert_energy convert_force convert_length convert_mass convert_speed convert_temperature \
         convert_volume",
        Type::Real,
        "the reference names the units and not what they are",
    ),
    (
        "beta_inv",
        Type::Real,
        "its page contradicts itself on arguments that are out of range",
    ),
    ("welch_test", Type::Real, "it is not computed here"),
    (
        "geo_from_wkt geo_closest_point_on_line geo_closest_point_on_polygon geo_intersection_2lines \
         geo_intersection_line_with_polygon geo_intersection_2polygons geo_union_polygons_array \
         geo_simplify_polygons_array geo_union_lines_array geo_polygon_to_h3cells geo_polygon_to_s2cells \
         geo_polygon_densify geo_polygon_buffer geo_polygon_centroid geo_polygon_simplify geo_line_buffer \
         geo_line_centroid geo_line_densify geo_line_simplify geo_line_interpolate_point geo_line_to_s2cells \
         geo_point_buffer geo_s2cell_to_central_point geo_s2cell_to_polygon geo_s2cell_neighbors \
         geo_h3cell_to_central_point geo_h3cell_to_polygon geo_h3cell_neighbors geo_h3cell_children \
         geo_h3cell_rings",
        Type::Dynamic,
        PLACES,
    ),
    (
        "geo_angle geo_azimuth geo_distance_point_to_line geo_distance_point_to_polygon geo_polygon_area \
         geo_polygon_perimeter geo_line_length geo_line_locate_point",
        Type::Real,
        PLACES,
    ),
    (
        "geo_point_in_polygon geo_intersects_2lines geo_intersects_line_with_polygon \
         geo_intersects_2polygons",
        Type::Bool,
        PLACES,
    ),
    (
        "geo_point_to_s2cell geo_point_to_h3cell geo_h3cell_parent",
        Type::String,
        PLACES,
    ),
    ("geo_h3cell_level", Type::Dynamic, PLACES),
];

const REPEATABLE: &str = "every run gives another value, and a run must be repeatable";
const CLUSTER: &str = "there is no cluster behind this reader";
const ESTIMATES: &str = "the form of estimates is not documented";
const ZONES: &str = "there are no time zones in this reader";
const PLACES: &str = "of the functions of places, only a few are computed here";

/// The type of a function that Kusto has and that has no value here, and why.
pub(in crate::kql) fn refusal(name: &str) -> Option<(Type, &'static str)> {
    REFUSED
        .iter()
        .find(|(names, ..)| names.split(' ').any(|n| n == name))
        .map(|(_, ty, why)| (*ty, *why))
}
