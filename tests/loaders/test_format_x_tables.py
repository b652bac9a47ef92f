"""X (Twitter) as tables: twarc-csv, and the archives of information operations."""

from __future__ import annotations

from tests.worlds.samples import found
from tests.worlds.shelf import Shelf

TIME = "2024-01-02T03:04:05.000Z"


def test_a_quote_in_a_table_is_a_quote_and_a_retweet_of_a_quote_is_a_retweet(shelf: Shelf) -> None:
    names = "id,author_id,text,created_at,in_reply_to_user_id,referenced_tweets.replied_to.id"
    names += ",referenced_tweets.retweeted.id,referenced_tweets.quoted.id,retweeted_user_id,quoted_user_id"
    rows = [f"2,7,nice,{TIME},,,,1,,5", f"3,8,nice,{TIME},,,2,1,7,5", f"4,9,@u7 well,{TIME},7,2,,,,"]
    report = shelf.load("\n".join([names, *rows]), "tweets.csv")
    assert report.rejects == []
    edges = found(shelf)
    assert edges["reposts"] == {("x:8", "x:7", "3", "root")}
    assert edges["quotes"] == {("x:7", "x:5", "2")}
    assert edges["replies"] == {("x:9", "x:7", "4")}
    assert edges["mentions"] == set()


TWARC = (
    "id,author_id,text,created_at,in_reply_to_user_id,in_reply_to_username,referenced_tweets.replied_to.id,"
    "referenced_tweets.retweeted.id,retweeted_user_id,retweeted_username,entities.urls,author.username,"
    "author.public_metrics.followers_count,author.public_metrics.tweet_count,edit_history_tweet_ids,"
    "__twarc.retrieved_at\n"
)


def test_lines_of_texts_in_tables_of_twarc_do_not_hide_mentions(shelf: Shelf) -> None:
    urls = '"[""https://a.example/1"", ""pic.example/2""]"'
    row = f'2,7,"first\\n@brand\\n#促销",{TIME},,,,,,,{urls},fan,50.0,9,"[""2""]",{TIME}\n'
    report = shelf.load(TWARC + row + row, "t.csv")
    assert (report.counts.accepted, report.counts.merged) == (1, 1)
    assert found(shelf)["mentions"] == {("x:7", "name:brand", "2")}
    assert shelf.rows("SELECT text, topics, urls FROM posts") == [
        ("first\n@brand\n#促销", ["促销"], ["https://a.example/1"])
    ]
    assert shelf.rows("SELECT name, followers, posts FROM accounts") == [("fan", 50, 9)]


def test_in_tables_of_twarc_the_original_speaks_and_names_stand_for_those_who_are_gone(shelf: Shelf) -> None:
    rows = f"3,7,@fan_b see @brand,{TIME},,,,1,5,kol_a,,fan,,,,{TIME}\n"  # the original is an answer
    rows += f"4,7,RT @gone: see @brand,{TIME},,,,2,,,,fan,,,,{TIME}\n"
    rows += f"6,8,@kol_a no,{TIME},,,5,,,,,wit,,,,{TIME}\n7,8,@fan ok,{TIME},7,fan,,,,,,wit,,,,{TIME}\n"
    assert shelf.load(TWARC + rows, "t.csv").rejects == []
    edges = found(shelf)
    assert edges["reposts"] == {("x:7", "x:5", "3", "root"), ("x:7", "name:gone", "4", "root")}
    assert edges["mentions"] == {("x:5", "name:brand", "1")}
    assert edges["replies"] == {("x:8", "x:7", "7")}
    assert shelf.rows("SELECT comment_id, post_id FROM comments WHERE dst IS NULL") == [("x:6", "x:5")]


def test_tables_of_followers_are_follows_of_the_account_in_their_address(shelf: Shelf) -> None:
    names = "id,username,public_metrics.followers_count,__twarc.url,__twarc.retrieved_at\n"
    base = "https://api.example/2/users/5"
    rows = f"1,a,3,{base}/followers?x=1,{TIME}\n2,b,3,{base}/following,{TIME}\n3,c,3,,{TIME}\n"
    shelf.load(names + rows, "users.csv")
    assert found(shelf)["follows"] == {("x:1", "x:5"), ("x:5", "x:2")}


def test_information_operations_have_hashed_people_and_python_lists(shelf: Shelf) -> None:
    hashed = "A" * 43 + "="
    names = "tweetid,userid,user_screen_name,follower_count,account_creation_date,tweet_text,tweet_time"
    names += ",in_reply_to_userid,in_reply_to_tweetid,quoted_tweet_tweetid,is_retweet,retweet_userid,retweet_tweetid"
    names += ",user_mentions"
    rows = [
        f'1,{hashed},{hashed},10,2015-01-01,hi @a @b,2018-01-02 03:04,,,,False,,,"[10, {hashed}]"',
        "2,77,real_name,9000,2015-01-01,hi @a,2018-01-02 03:04:05,10,5,,false,,,\"['10', '11']\"",
        "3,77,real_name,9000,2015-01-01,look,2018-01-02 03:05,,,1,False,,,[]",
    ]
    assert shelf.load("\n".join([names, *rows]), "x_tweets.csv").rejects == []
    edges = found(shelf)
    # The names in the texts cannot be told to belong to these ids.
    assert {edge for edge in edges["mentions"] if not edge[1].startswith("name:")} == {
        (f"x:sha256:{hashed}", "x:10", "1"),
        (f"x:sha256:{hashed}", f"x:sha256:{hashed}", "1"),
        ("x:77", "x:11", "2"),
    }
    assert edges["replies"] == {("x:77", "x:10", "2")}
    names = "SELECT account_id, name, label FROM accounts WHERE followers IS NOT NULL ORDER BY 1"
    assert shelf.rows(names) == [("x:77", "real_name", "bot"), (f"x:sha256:{hashed}", None, "bot")]
    times = shelf.rows("SELECT created_ts FROM posts ORDER BY post_id")
    assert times == [(1514862240000,), (1514862245000,), (1514862300000,)]


def test_answers_of_operations_need_no_tweet_and_their_links_are_lists(shelf: Shelf) -> None:
    hashed = "9" + "B" * 42 + "="
    names = "tweetid,userid,tweet_text,tweet_time,in_reply_to_userid,in_reply_to_tweetid,is_retweet,retweet_userid"
    names += ",retweet_tweetid,user_mentions,urls\n"
    rows = f"1,7,@a hi @b,2018-01-02 03:04,{hashed},,False,,,\"['{hashed}', '11']\",\"['http://a.example/1', 'b']\"\n"
    rows += '2,7,look,2018-01-02 03:04,,,,,,"[absent, None, 12]","[http://a.example/1, http://a.example/2]"\n'
    assert shelf.load(names + rows, "tweets.csv").rejects == []
    edges = found(shelf)
    assert edges["replies"] == {("x:7", f"x:sha256:{hashed}", "1")}
    assert edges["mentions"] == {("x:7", "x:11", "1"), ("x:7", "name:b", "1"), ("x:7", "x:12", "2")}
    links = shelf.rows("SELECT urls FROM posts ORDER BY post_id")
    assert links == [(["http://a.example/1"],), (["http://a.example/1", "http://a.example/2"],)]


def test_users_of_operations_have_names_where_they_are_not_hashed(shelf: Shelf) -> None:
    hashed = "A" * 43 + "="
    names = "userid,user_screen_name,user_reported_location,follower_count,account_creation_date\n"
    shelf.load(f"{names}{hashed},{hashed},,3,2015-01-01\n77,real_name,Rome,9000,2015-01-01\n", "users.csv")
    wanted = [("x:77", "real_name", "Rome", "bot"), (f"x:sha256:{hashed}", None, None, "bot")]
    assert shelf.rows("SELECT account_id, name, region, label FROM accounts ORDER BY 1") == wanted
