// Boost.JSON, compiled once for the whole driver.
#include <boost/json/src.hpp>
