namespace Link.Core.Api;

/// <summary>A part of this host's endpoints, in order of id.</summary>
/// <param name="Endpoints">At least one, unless there are no more.</param>
/// <param name="Next">The id behind which the next part begins; null: this is the last one.</param>
internal sealed record EndpointPage(IReadOnlyList<EndpointSnapshot> Endpoints, string? Next)
{
    /// <summary>About how much a part may be as JSON, in bytes; a single endpoint may be more.</summary>
    public const int MostBytes = 32 * 1024;
}
