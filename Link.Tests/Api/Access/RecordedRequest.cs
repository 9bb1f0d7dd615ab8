namespace Link.Tests.Api.Access;

/// <summary>A request that came through a <see cref="RecordingRelay"/>, and what became of it.</summary>
/// <param name="Line"><c>POST /ips?name</c>.</param>
/// <param name="Headers">As they were sent.</param>
/// <param name="Status">Of the answer.</param>
internal sealed record RecordedRequest(string Line, IReadOnlyDictionary<string, string> Headers, int Status)
{
    /// <summary>What stands behind the question mark: the attempt.</summary>
    public string Attempt => Line.Split('?')[^1];
}
