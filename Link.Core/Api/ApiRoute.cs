using Link.Core.Api.Access;

namespace Link.Core.Api;

/// <summary>One method of one path, and who answers it.</summary>
/// <param name="Method">As in HTTP. A route of GET answers HEAD too.</param>
/// <param name="Path">With <c>{id}</c> where an endpoint's id stands: <c>/ips/{id}/lock</c>.</param>
/// <param name="Role">The least that may call it.</param>
/// <param name="Answer">Takes the id too; it is empty where the path has none.</param>
internal sealed record ApiRoute(string Method, string Path, Role Role, Func<ApiRoutes, ApiRequest, string, Task<ApiAnswer>> Answer)
{
    private const string IdSegment = "{id}";

    private readonly string[] _segments = Path[1..].Split('/');

    public bool HasId => Array.IndexOf(_segments, IdSegment) >= 0;

    /// <summary>Whether the path's parts are this route's; an id may be any text.</summary>
    public bool Matches(string[] segments, out string id)
    {
        id = "";
        if (segments.Length != _segments.Length)
        {
            return false;
        }

        for (int i = 0; i < segments.Length; i++)
        {
            if (_segments[i] == IdSegment)
            {
                id = segments[i];
            }
            else if (_segments[i] != segments[i])
            {
                return false;
            }
        }

        return true;
    }
}
