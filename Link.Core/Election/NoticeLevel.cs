namespace Link.Core.Election;

internal enum NoticeLevel
{
    Info,
    Warning,
    Error,
}
